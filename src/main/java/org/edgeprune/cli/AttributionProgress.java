package org.edgeprune.cli;

import org.edgeprune.attribute.AttributionSetting;

/** Shows an attribution as it goes. */
final class AttributionProgress implements AttributionSetting.Progress, AutoCloseable {
    private final String what;
    private final String unit;
    private Progress progress;

    /**
     * @param what is going on
     * @param unit of the work, as a plural
     */
    AttributionProgress(String what, String unit) {
        this.what = what;
        this.unit = unit;
    }

    @Override
    public void at(long done, long total) {
        if (progress == null || done == 1) {
            close();
            progress = new Progress(what, unit, total, done - 1);
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
