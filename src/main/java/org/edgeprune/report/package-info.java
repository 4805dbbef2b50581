/**
 * Presentation of finished runs: a run's page ({@link org.edgeprune.report.RunReport}), comparisons of circuits
 * ({@link org.edgeprune.report.CircuitComparison}), and sweeps over target sparsities
 * ({@link org.edgeprune.report.SweepTable}). Everything is made from the files of run directories, without their
 * models. Public API: incompatible changes come only with a new minor version and are listed in CHANGELOG.md.
 */
package org.edgeprune.report;
