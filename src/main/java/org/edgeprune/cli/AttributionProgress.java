package org.edgeprune.cli;

import org.edgeprune.attribute.AttributionSetting;

/** Shows an attribution as it goes. */
final class AttributionProgress implements AttributionSetting.Progress, AutoCloseable {
    private final String what;
    private Progress progress;

    /** @param what is going on */
    AttributionProgress(String what) {
        this.what = what;
    }

    @Override
    public void at(long done, long total) {
        if (progress == null) {
            progress = new Progress(what, "passes", total, done - 1);
        }
        progress.at(done, () -> "");
    }

    @Override
    public void close() {
        if (progress != null) {
            progress.close();
        }
    }
}
