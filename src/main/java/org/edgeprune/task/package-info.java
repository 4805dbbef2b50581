/**
 * Tasks and their data: what a prompt pair is, how it is generated, read, tokenised and scored. Pure Java, no tensors.
 *
 * <p>{@link org.edgeprune.task.Task} is all that a task states; {@link org.edgeprune.task.Tasks} finds the tasks by
 * name. Evaluation and pruning see {@link org.edgeprune.task.Dataset}s of {@link org.edgeprune.task.Example}s and their
 * {@link org.edgeprune.task.Scorer}, but no particular task. The bundled mini model is trained on
 * {@link org.edgeprune.task.TrainingCorpus}, which draws from the same templates.
 */
package org.edgeprune.task;
