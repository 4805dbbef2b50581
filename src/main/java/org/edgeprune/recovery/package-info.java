/**
 * Circuits of compiled Tracr models compared with their ground truth: checks, and whole recoveries from program to
 * circuit. Internal: may change in any version.
 */
package org.edgeprune.recovery;
