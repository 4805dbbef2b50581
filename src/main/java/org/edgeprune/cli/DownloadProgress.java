package org.edgeprune.cli;

import java.time.Duration;
import org.edgeprune.hub.Hub;
import org.edgeprune.io.OneLine;

/** Shows the progress of the current file. */
final class DownloadProgress implements Hub.Listener, AutoCloseable {
    /** Shorter waits are not reported. */
    private static final Duration SHORT = Duration.ofSeconds(5);

    private String current = "";
    private Progress progress;

    @Override
    public void arrived(String file, long bytes, long size) {
        if (!file.equals(current)) {
            close();
            current = file;
            progress = new Progress(file, "kB", size / 1024);
        }
        progress.at(bytes / 1024, () -> "");
    }

    @Override
    public void waiting(String what, Duration wait, String reason) {
        if (wait.compareTo(SHORT) >= 0) {
            System.err.println(
                    OneLine.of("edgeprune: " + what + ": " + reason + ": trying again in " + wait.toSeconds() + " s"));
        }
    }

    @Override
    public void close() {
        if (progress != null) {
            progress.close();
        }
    }
}
