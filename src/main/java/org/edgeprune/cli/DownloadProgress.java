package org.edgeprune.cli;

import org.edgeprune.hub.Hub;

/** Shows how far the file is that is being downloaded. */
final class DownloadProgress implements Hub.Listener, AutoCloseable {
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
    public void close() {
        if (progress != null) {
            progress.close();
        }
    }
}
