package org.edgeprune.cli;

import java.util.List;
import java.util.Locale;
import me.tongfei.progressbar.ProgressBarRenderer;
import me.tongfei.progressbar.ProgressState;

/**
 * The line that a terminal shows while an operation runs: what it is, a bar, how much is done, the speed and the time
 * left, then what the operation says of itself. The bar gets the width that the texts leave; where it would become too
 * short, the last of the operation's own texts are left out.
 *
 * @param unit of the count, as a plural
 */
record ProgressLine(String unit) implements ProgressBarRenderer {
    private static final int SHORTEST_BAR = 12;
    private static final int LONGEST_BAR = 40;

    /** Separates the texts that an operation says of itself, from the most to the least important. */
    static final String SEPARATOR = ", ";

    @Override
    public String render(ProgressState state, int width) {
        double seconds = state.getElapsedAfterStart().toNanos() / 1e9;
        return line(
                state.getTaskName(),
                state.getCurrent(),
                state.getMax(),
                seconds <= 0 ? 0 : (state.getCurrent() - state.getStart()) / seconds,
                state.getExtraMessage(),
                width);
    }

    /**
     * @param speed counts per second
     * @param said texts with {@link #SEPARATOR} between them; may be empty
     * @param width of the terminal, columns
     * @return at most {@code width} columns
     */
    String line(String what, long done, long total, double speed, String said, int width) {
        String count = "%3d%% %d/%d %s".formatted(total <= 0 ? 0 : 100 * done / total, done, total, unit);
        String pace = speed <= 0
                ? ""
                : String.format(Locale.ROOT, ", %s/s, %s left", speed(speed), Durations.text((total - done) / speed));
        List<String> own = said.isEmpty() ? List.of() : List.of(said.split(SEPARATOR));
        int shown = own.size();
        String end = end(pace, own, shown);
        while (shown > 0 && room(what, count, end, width) < SHORTEST_BAR) {
            end = end(pace, own, --shown);
        }
        int room = room(what, count, end, width);
        if (room < 1) {
            String without = what + " " + count.strip() + end;
            return without.substring(0, Math.clamp(width, 0, without.length()));
        }
        int cells = Math.min(room, LONGEST_BAR);
        int full = total <= 0 ? 0 : (int) (cells * Math.clamp((double) done / total, 0, 1));
        String bar = "=".repeat(full) + (full < cells ? ">" + " ".repeat(cells - full - 1) : "");
        return what + " [" + bar + "] " + count + end;
    }

    private static String end(String pace, List<String> own, int shown) {
        return pace + (shown == 0 ? "" : SEPARATOR + String.join(SEPARATOR, own.subList(0, shown)));
    }

    /** What is left for the bar's cells. */
    private static int room(String what, String count, String end, int width) {
        return width - what.length() - " [] ".length() - count.length() - end.length();
    }

    private static String speed(double perSecond) {
        return perSecond >= 10 ? "%.0f".formatted(perSecond) : "%.1f".formatted(perSecond);
    }
}
