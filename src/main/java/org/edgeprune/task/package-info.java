/**
 * Tasks and their data: how prompt pairs are generated, read, tokenised and scored. Without tensors: prompts are arrays
 * of token ids, and outputs are arrays of numbers. Public API: incompatible changes come only with a new minor version
 * and are listed in CHANGELOG.md.
 *
 * <p>{@link org.edgeprune.task.Task} is the interface of a task; {@link org.edgeprune.task.Tasks} finds the tasks by
 * name. Evaluation and pruning use {@link org.edgeprune.task.Dataset}s of {@link org.edgeprune.task.Example}s and their
 * {@link org.edgeprune.task.Scorer}, but no particular task. The bundled mini model is trained on
 * {@link org.edgeprune.task.TrainingCorpus}, which draws from the same templates.
 *
 * <p>To add a task, implement {@link org.edgeprune.task.Task} and name the class in
 * {@code META-INF/services/org.edgeprune.task.Task}; {@link org.edgeprune.task.Tasks} finds it. To score prompts of the
 * user's own in another way, implement {@link org.edgeprune.task.ScorerProvider}. What such classes need is public:
 * {@link org.edgeprune.task.Row}, {@link org.edgeprune.task.PromptTokenizer}, {@link org.edgeprune.task.Example},
 * {@link org.edgeprune.task.Answer}, {@link org.edgeprune.task.Scorer}, {@link org.edgeprune.task.TokenScorer} and
 * {@link org.edgeprune.task.Metrics}.
 */
package org.edgeprune.task;
