package org.edgeprune.io;

/**
 * Something that the user gave cannot be used: a damaged file, a wrong shape, an unknown name, a missing path.
 *
 * <p>The message is one line for the user: it names the file or option, the field, what is wrong and what to do about
 * it. Whatever text went into it, it has at most {@value OneLine#MAX_LENGTH} characters and no control characters
 * ({@link OneLine#of}). The command line prints it without a stack trace and exits with code 2. Faults of edgeprune
 * itself are never reported through this class.
 */
public final class InputException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /**
     * An error without a cause.
     *
     * @param message one line: file or option, field, what is wrong, and the remedy
     */
    public InputException(String message) {
        super(OneLine.of(message));
    }

    /**
     * An error with a cause.
     *
     * @param message one line: file or option, field, what is wrong, and the remedy
     * @param cause what was reported by Java or a library
     */
    public InputException(String message, Throwable cause) {
        super(OneLine.of(message), cause);
    }
}
