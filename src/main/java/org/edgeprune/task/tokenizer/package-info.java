/**
 * The files of a tokenizer: which of them counts, what tokenizer_config.json changes, and whether the tokenizers
 * library can be trusted with the result. The library ends the whole process where its own code panics, so a definition
 * is checked before it gets there: {@link org.edgeprune.task.tokenizer.DefinitionCheck} refuses parts that are known to
 * make it panic, and {@link org.edgeprune.task.tokenizer.Trial} tries definitions with parts that are not known to be
 * safe in a process of their own.
 */
package org.edgeprune.task.tokenizer;
