/**
 * What people read of finished runs: a run's page ({@link org.edgeprune.report.RunReport}), circuits beside each other
 * ({@link org.edgeprune.report.Comparison}), and runs over many target sparsities
 * ({@link org.edgeprune.report.SweepTable}). All of it is made from the files of run directories, without their models.
 */
package org.edgeprune.report;
