package org.edgeprune.cli;

import java.io.PrintStream;
import me.tongfei.progressbar.ProgressBarConsumer;

/**
 * The line of a terminal that a progress bar is drawn on. The library's own would ask JLine for the terminal's width;
 * JLine sets the signals of the process to their defaults, so that Ctrl-C would end it without the sentence that says
 * how to go on.
 */
final class BarLine implements ProgressBarConsumer {
    private final PrintStream out;
    private final int width;
    private int drawn;

    /**
     * @param out the terminal
     * @param width its columns
     */
    BarLine(PrintStream out, int width) {
        this.out = out;
        this.width = width;
    }

    /** One column less than there are: a full line would begin the next one. */
    @Override
    public int getMaxRenderedLength() {
        return width - 1;
    }

    /** Draws over what was drawn before. */
    @Override
    public void accept(String line) {
        out.print('\r' + line + " ".repeat(Math.max(0, drawn - line.length())));
        out.flush();
        drawn = line.length();
    }

    @Override
    public void close() {
        out.println();
        out.flush();
    }
}
