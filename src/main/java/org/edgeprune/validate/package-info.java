/**
 * Tests of a circuit that was found: faithfulness, completeness, minimality, equivalence under resampled corruptions,
 * random circuits of the same size, a model with random weights, and overlap with the circuits of other seeds and of
 * bootstrap samples of the prompts. Public API: incompatible changes come only with a new minor version and are listed
 * in CHANGELOG.md.
 *
 * <p>{@link org.edgeprune.validate.CircuitValidation} makes the tests, each of which is a
 * {@link org.edgeprune.validate.Check} with a criterion, a verdict and its numbers.
 */
package org.edgeprune.validate;
