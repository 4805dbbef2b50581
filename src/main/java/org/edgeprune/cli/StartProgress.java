package org.edgeprune.cli;

import org.edgeprune.attribute.AttributionSetting;

/** Progress of scores that are computed before a training, part by part, each of which counts from zero. */
final class StartProgress implements AttributionSetting.Progress {
    private final String what;
    private Progress part;
    private long before = Long.MAX_VALUE;

    StartProgress(String what) {
        this.what = what;
    }

    /**
     * Progress of a warm start.
     *
     * @param name of the scores
     */
    static StartProgress of(String name) {
        return new StartProgress("warm start (" + name + ")");
    }

    @Override
    public void at(long done, long total) {
        if (done <= before) {
            part = new Progress(what, "steps", total, done);
        }
        before = done;
        part.at(done, () -> "");
        if (done == total) {
            part.close();
        }
    }
}
