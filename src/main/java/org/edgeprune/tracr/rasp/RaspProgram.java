package org.edgeprune.tracr.rasp;

import java.util.List;

/**
 * A program that can be compiled: what a user implements to bring an own program as a Java class (public, with a public
 * constructor without parameters).
 */
@FunctionalInterface
public interface RaspProgram {

    /**
     * The output s-op. Most programs ignore both parameters; some need them to keep values finite and distinct.
     *
     * @param vocabulary the tokens that the program will see, in order
     * @param maxLength the longest input, BOS not counted
     */
    SOp build(List<Value> vocabulary, int maxLength);
}
