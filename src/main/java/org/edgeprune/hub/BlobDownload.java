package org.edgeprune.hub;

import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import org.edgeprune.io.AtomicFile;
import org.edgeprune.io.Complaint;
import org.edgeprune.io.InputException;

/**
 * Downloads one blob, into {@code CHECKSUM.incomplete} first. Bytes from an earlier attempt are kept and the rest is
 * requested by range. Only contents of the right size and checksum become the blob. The caller holds the blob's lock.
 */
record BlobDownload(
        HubClient client, HubSettings.Patience patience, HubCache cache, HubFile file, Hub.Listener listener) {
    private static final int CHUNK = 1 << 16;

    /**
     * Downloads the blob.
     *
     * @throws InputException if the contents cannot be downloaded, or are wrong even when downloaded from the beginning
     */
    void run() {
        Path incomplete = cache.incomplete(file);
        Attempts attempts = client.attempts(file.name());
        try {
            // The bytes from before may be wrong, or one of several answers: start again, once.
            if (!attempts.run(progress -> arrived(incomplete, progress))) {
                Files.delete(incomplete);
                if (!attempts.run(progress -> arrived(incomplete, progress))) {
                    Files.delete(incomplete);
                    throw new InputException(file
                            + ": the file that the server sends does not have the size and checksum that it states ("
                            + file.size()
                            + " bytes, " + file.checksum() + "): a proxy or mirror may be at fault; try again later");
                }
            }
            AtomicFile.move(incomplete, cache.blob(file));
        } catch (IOException e) {
            throw new InputException(
                    incomplete + ": cannot be moved or removed: " + Complaint.reason(e)
                            + ": name another place in HF_HOME or HF_HUB_CACHE",
                    e);
        }
    }

    /** Downloads the missing bytes and returns whether all bytes are now there and right. */
    private boolean arrived(Path incomplete, Attempts.Progress progress) throws IOException {
        try (PartialBlob partial = new PartialBlob(file, incomplete)) {
            if (partial.length() < file.size()) {
                fetch(partial, progress);
            }
            if (partial.length() < file.size()) {
                throw new IOException("the connection was cut at byte " + partial.length() + " of " + file.size());
            }
            return partial.isWhole();
        }
    }

    private void fetch(PartialBlob partial, Attempts.Progress progress) throws IOException {
        HttpResponse<InputStream> response = client.open(file, partial.length());
        try (Body body = new Body(response, patience)) {
            if (response.statusCode() == 206) {
                String range = response.headers().firstValue("Content-Range").orElse("");
                if (!range.startsWith("bytes " + partial.length() + "-")) {
                    throw new IOException("asked for byte " + partial.length() + " on, got " + Complaint.quote(range));
                }
            } else if (partial.length() > 0) {
                // The server does not support ranges, or has fewer bytes than it stated: download everything again.
                partial.restart();
                if (response.statusCode() == 416) {
                    throw new IOException("the server has no byte " + partial.length());
                }
            }
            copy(body, partial, progress);
        }
    }

    /** Until the end of the body, or until there is more of it than there should be. */
    private void copy(Body body, PartialBlob partial, Attempts.Progress progress) throws IOException {
        byte[] buffer = new byte[CHUNK];
        for (int n; partial.length() <= file.size() && (n = body.read(buffer)) > 0; ) {
            partial.append(buffer, n);
            progress.at(partial.length());
            listener.arrived(file.name(), Math.min(partial.length(), file.size()), file.size());
        }
    }
}
