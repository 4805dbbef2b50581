/**
 * How faithful a circuit is: prompts made ready for the engine, and task metrics of the masked model and of the full
 * one, example by example and in the mean. Public API: incompatible changes come only with a new minor version and are
 * listed in CHANGELOG.md.
 */
package org.edgeprune.eval;
