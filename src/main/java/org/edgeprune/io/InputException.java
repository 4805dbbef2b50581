package org.edgeprune.io;

/**
 * Something that the user gave cannot be used: a damaged file, a wrong shape, an unknown name, a missing path.
 *
 * <p>The message is one line for the user: it names the file or option, the field, what is wrong and what to do about
 * it. The command line prints it without a stack trace and exits with code 2. Faults of edgeprune itself are never
 * reported through this class.
 */
public final class InputException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public InputException(String message) {
        super(message);
    }

    public InputException(String message, Throwable cause) {
        super(message, cause);
    }
}
