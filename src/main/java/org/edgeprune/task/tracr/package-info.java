/**
 * The task of a compiled Tracr model: its prompts are inputs of the RASP program, and the answers are the program's
 * outputs. Unlike the other tasks it compiles models and reads them from their directories. Public API: incompatible
 * changes come only with a new minor version and are listed in CHANGELOG.md.
 */
package org.edgeprune.task.tracr;
