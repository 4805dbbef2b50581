/**
 * The command line. Each command is one class; options that several commands share are mixins, so that they have the
 * same meaning everywhere. Results go to standard output, progress and notes to standard error. Internal: may change in
 * any version.
 */
package org.edgeprune.cli;
