/**
 * Tasks and their data: what a prompt pair is, how it is generated, read, tokenised and scored. Pure Java: prompts are
 * arrays of token ids and outputs are arrays of numbers, so that no tensor is seen here.
 *
 * <p>{@link org.edgeprune.task.Task} is all that a task states; {@link org.edgeprune.task.Tasks} finds the tasks by
 * name. Evaluation and pruning see {@link org.edgeprune.task.Dataset}s of {@link org.edgeprune.task.Example}s and their
 * {@link org.edgeprune.task.Scorer}, but no particular task. The bundled mini model is trained on
 * {@link org.edgeprune.task.TrainingCorpus}, which draws from the same templates.
 *
 * <p>To add a task, implement {@link org.edgeprune.task.Task} and name the class in
 * {@code META-INF/services/org.edgeprune.task.Task}; {@link org.edgeprune.task.Tasks} finds it. To judge prompts of the
 * user's own in another way, implement {@link org.edgeprune.task.ScorerProvider}. What such classes need is public:
 * {@link org.edgeprune.task.Row}, {@link org.edgeprune.task.PromptTokenizer}, {@link org.edgeprune.task.Example},
 * {@link org.edgeprune.task.Answer}, {@link org.edgeprune.task.Scorer}, {@link org.edgeprune.task.TokenScorer} and
 * {@link org.edgeprune.task.Metrics}.
 */
package org.edgeprune.task;
