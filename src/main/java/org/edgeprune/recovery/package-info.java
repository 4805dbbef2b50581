/**
 * Circuits of compiled Tracr models held against what is known for certain about them: checks, and whole runs from
 * program to circuit.
 */
package org.edgeprune.recovery;
