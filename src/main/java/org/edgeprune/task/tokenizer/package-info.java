/**
 * The files of a tokenizer: which of them is used, what tokenizer_config.json changes, and whether the result is safe
 * for the tokenizers library. The library aborts the process when its code panics, so a definition is checked first:
 * {@link org.edgeprune.task.tokenizer.DefinitionCheck} refuses parts that are known to make it panic, and
 * {@link org.edgeprune.task.tokenizer.Trial} tries definitions with parts that are not known to be safe in a separate
 * process. Internal: may change in any version.
 */
package org.edgeprune.task.tokenizer;
