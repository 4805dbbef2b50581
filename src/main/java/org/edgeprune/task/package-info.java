/**
 * Tasks and their data: what a prompt pair is, how it is generated, read, tokenised and scored. Pure Java, no tensors.
 *
 * <p>{@link org.edgeprune.task.Task} is the whole of what a task says; the tasks that are there are found by
 * {@link org.edgeprune.task.Tasks}. Everything after this package sees {@link org.edgeprune.task.Example}s only.
 */
package org.edgeprune.task;
