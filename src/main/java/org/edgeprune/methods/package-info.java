/**
 * Every method that finds a circuit, run on the same prompts with the same model, so that they can be compared.
 * Internal: may change in any version.
 *
 * <p>{@link org.edgeprune.methods.MethodRunner} makes scores of edges by any method that needs no folder of its own,
 * {@link org.edgeprune.methods.MethodStudy} compares all methods, edge pruning among them, on one task.
 */
package org.edgeprune.methods;
