/**
 * The task of a compiled Tracr model: its prompts are inputs of the RASP program, and the answers are what the program
 * says. Unlike the other tasks it compiles models and reads them from their directories.
 */
package org.edgeprune.task.tracr;
