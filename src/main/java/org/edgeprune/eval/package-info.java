/**
 * How faithful a circuit is: prompts made ready for the engine, and task metrics of the masked model and of the full
 * one, example by example and in the mean.
 */
package org.edgeprune.eval;
