package org.edgeprune.cli;

/** Durations for people, in two units at most: {@code 42s}, {@code 5m00s}, {@code 2h05m}, {@code 3d04h}. */
final class Durations {
    private static final long MINUTE = 60;
    private static final long HOUR = 60 * MINUTE;
    private static final long DAY = 24 * HOUR;

    private Durations() {}

    /** Rounded to whole seconds, from an hour on to whole minutes, from a day on to whole hours. */
    static String text(double seconds) {
        // rounded before it is split: 299.7 seconds are 5m00s
        long s = Math.round(seconds);
        if (s < MINUTE) {
            return s + "s";
        }
        if (s < HOUR) {
            return "%dm%02ds".formatted(s / MINUTE, s % MINUTE);
        }
        long minutes = Math.round(seconds / MINUTE);
        if (minutes < DAY / MINUTE) {
            return "%dh%02dm".formatted(minutes / 60, minutes % 60);
        }
        long hours = Math.round(seconds / HOUR);
        return "%dd%02dh".formatted(hours / 24, hours % 24);
    }
}
