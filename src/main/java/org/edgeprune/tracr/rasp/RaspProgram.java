package org.edgeprune.tracr.rasp;

import java.util.List;

/**
 * A program that can be compiled. To compile a program of their own, users implement this interface in a public class
 * with a public constructor without parameters and name the class on the command line.
 */
@FunctionalInterface
public interface RaspProgram {

    /**
     * Builds the program's output. Most programs ignore both parameters; some need them to keep values finite and
     * distinct.
     *
     * @param vocabulary the tokens of the inputs, in order, without BOS and padding
     * @param maxLength the longest input, BOS not counted
     * @return the output s-op
     */
    SOp build(List<Value> vocabulary, int maxLength);
}
