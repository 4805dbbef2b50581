package org.edgeprune.io;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** Words what is wrong with one file: the file first, then the field, the fault and the remedy. */
public record Complaint(Path file) {
    /** The remedy for a file that was damaged or badly made. */
    public static final String REPLACE = "download or export the file again";

    private static final int MAX_QUOTED = 100;

    public InputException about(String fault, String remedy) {
        return about(fault, remedy, null);
    }

    public InputException about(String fault, String remedy, Throwable cause) {
        return new InputException(file + ": " + fault + ": " + remedy, cause);
    }

    /** The file breaks a rule of the format. */
    public InputException damaged(String fault) {
        return about(fault, REPLACE);
    }

    /** A name out of a file, which may hold anything: quoted, shortened, without control characters. */
    public static String quote(String name) {
        String shown = name.length() <= MAX_QUOTED ? name : name.substring(0, MAX_QUOTED) + "...";
        return "'" + OneLine.escape(shown) + "'";
    }

    /** Why the system refused, in words: the messages of Java's file exceptions are often no more than a path. */
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
