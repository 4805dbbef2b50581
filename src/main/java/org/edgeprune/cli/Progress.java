package org.edgeprune.cli;

import java.io.PrintStream;
import java.time.Duration;
import java.util.function.Supplier;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;

/**
 * Progress of a long operation on standard error: a bar with speed and remaining time on a terminal, otherwise a line
 * every 30 seconds. Operations shorter than two seconds show nothing.
 */
final class Progress implements AutoCloseable {
    private static final Duration SILENT = Duration.ofSeconds(2);
    private static final Duration BETWEEN_LINES = Duration.ofSeconds(30);

    private final String what;
    private final String unit;
    private final long total;
    private final boolean terminal = isTerminal();
    private final long start = System.nanoTime();
    private final long firstDone;
    private long lastLine = start;
    private ProgressBar bar;

    /** Work that starts at zero. */
    Progress(String what, String unit, long total) {
        this(what, unit, total, 0);
    }

    /**
     * @param what the operation
     * @param unit of the count, as a plural
     * @param total the count at the end
     * @param firstDone the count at the start, above zero for resumed operations
     */
    Progress(String what, String unit, long total, long firstDone) {
        this.what = what;
        this.unit = unit;
        this.total = total;
        this.firstDone = firstDone;
    }

    /**
     * Reports.
     *
     * @param done the count so far
     * @param state texts to show with it, the most important first, with ", " between them; may be empty
     */
    void at(long done, Supplier<String> state) {
        long now = System.nanoTime();
        if (now - start < SILENT.toNanos()) {
            return;
        }
        if (terminal) {
            bar = bar == null ? newBar(System.err) : bar;
            bar.stepTo(done);
            bar.setExtraMessage(state.get());
        } else if (now - lastLine > BETWEEN_LINES.toNanos()) {
            lastLine = now;
            double speed = (done - firstDone) / ((now - start) / 1e9);
            String said = state.get();
            System.err.printf(
                    "%s: %d of %d %s%s, %.1f per second, %s left%n",
                    what,
                    done,
                    total,
                    unit,
                    said.isEmpty() ? "" : ", " + said,
                    speed,
                    Durations.text(speed <= 0 ? 0 : (total - done) / speed));
        }
    }

    /** The bar as it is now, on a terminal whose width the launcher tells. */
    ProgressBar newBar(PrintStream out) {
        return new ProgressBarBuilder()
                .setTaskName(what)
                .setInitialMax(total)
                .startsFrom(firstDone, Duration.ofNanos(System.nanoTime() - start))
                .setRenderer(new ProgressLine(unit))
                .setUpdateIntervalMillis(200)
                .setConsumer(new BarLine(out, Integer.getInteger("edgeprune.columns", Prose.WIDTH)))
                .build();
    }

    /** The launcher tells whether standard error is a terminal; Java only tells it for input and output together. */
    @SuppressWarnings("SystemConsoleNull") // not null in JDK 22 to 24 only
    private static boolean isTerminal() {
        String launcher = System.getProperty("edgeprune.terminal");
        return launcher == null
                ? System.console() != null && System.console().isTerminal()
                : Boolean.parseBoolean(launcher);
    }

    @Override
    public void close() {
        if (bar != null) {
            bar.close();
        }
    }
}
