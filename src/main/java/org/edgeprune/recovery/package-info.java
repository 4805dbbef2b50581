/**
 * Circuits of compiled Tracr models, compared with what is known for certain about them: checks, and whole runs from
 * program to circuit.
 */
package org.edgeprune.recovery;
