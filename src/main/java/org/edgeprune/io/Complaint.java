package org.edgeprune.io;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * Words what is wrong with a file: first the file, then the field, the fault and the remedy.
 *
 * @param file the file
 */
public record Complaint(Path file) {
    /** The remedy for a file that was damaged or badly made. */
    public static final String REPLACE = "download or export the file again";

    private static final int MAX_QUOTED = 100;

    /**
     * An error with its own remedy.
     *
     * @param fault what is wrong, with the field
     * @param remedy what to do about it
     * @return an exception for the caller to throw
     */
    public InputException about(String fault, String remedy) {
        return about(fault, remedy, null);
    }

    /**
     * An error with its own remedy and a cause.
     *
     * @param fault what is wrong, with the field
     * @param remedy what to do about it
     * @param cause what the system reported
     * @return an exception for the caller to throw
     */
    public InputException about(String fault, String remedy, Throwable cause) {
        return new InputException(file + ": " + fault + ": " + remedy, cause);
    }

    /**
     * An error about a file that breaks a rule of its format.
     *
     * @param fault what is wrong, with the field
     * @return an exception for the caller to throw
     */
    public InputException damaged(String fault) {
        return about(fault, REPLACE);
    }

    /**
     * A name that comes from a file and may contain anything.
     *
     * @param name the name
     * @return quoted, shortened, without control characters
     */
    public static String quote(String name) {
        String shown = name.length() <= MAX_QUOTED ? name : name.substring(0, MAX_QUOTED) + "...";
        return "'" + OneLine.escape(shown) + "'";
    }

    /**
     * Why the system refused, in words: the messages of Java's file exceptions are often only a path.
     *
     * @param e what the system reported
     * @return the reason
     */
    public static String reason(IOException e) {
        return switch (e) {
            case NoSuchFileException missing -> missing.getFile() + " does not exist";
            case AccessDeniedException denied -> denied.getFile() + ": permission denied";
            case FileSystemException failure
            when failure.getReason() != null -> failure.getFile() + ": " + failure.getReason();
            default -> e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
        };
    }
}
