package org.edgeprune.hub;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.edgeprune.io.InputException;

/**
 * The body of an answer. The HTTP client has a time limit for an answer's headers, but none for its body: here the
 * connection is closed when less than {@value #LEAST_RATE} bytes a second arrive for as long as the server may be
 * silent.
 */
final class Body implements AutoCloseable {
    /** The most bytes of an answer that is read as a whole. */
    static final int MOST_TEXT = 16 << 20;

    private static final int LEAST_RATE = 100;
    private static final int CHUNK = 1 << 16;

    private final InputStream in;
    private final Duration stall;
    private final AtomicLong seen = new AtomicLong();
    private final Thread watch;
    private volatile boolean silent;

    Body(HttpResponse<InputStream> response, HubSettings.Patience patience) {
        this.in = response.body();
        this.stall = patience.stall();
        this.watch = Thread.startVirtualThread(this::closeWhenSilent);
    }

    /** The server sent too little for too long: the bytes that did arrive do not count as progress. */
    static final class SilentException extends IOException {
        private static final long serialVersionUID = 1L;

        private SilentException(Duration stall) {
            super("less than " + LEAST_RATE + " bytes per second arrived for " + stall.toSeconds() + " s");
        }
    }

    /**
     * As {@link InputStream#read(byte[])}.
     *
     * @throws SilentException if the watch has closed the connection
     */
    int read(byte[] buffer) throws IOException {
        int count;
        try {
            count = in.read(buffer);
        } catch (IOException e) {
            throw silent ? new SilentException(stall) : e;
        }
        if (count < 0 && silent) {
            throw new SilentException(stall);
        }
        seen.addAndGet(Math.max(0, count));
        return count;
    }

    /**
     * All of the body as text.
     *
     * @param address begins messages
     * @throws InputException if there is more than {@link #MOST_TEXT}
     */
    String text(String address) throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        byte[] buffer = new byte[CHUNK];
        for (int n; (n = read(buffer)) >= 0; ) {
            all.write(buffer, 0, n);
            if (all.size() > MOST_TEXT) {
                throw new InputException(
                        address + ": the answer is larger than " + (MOST_TEXT >> 20) + " MiB: is HF_ENDPOINT right?");
            }
        }
        return all.toString(StandardCharsets.UTF_8);
    }

    private void closeWhenSilent() {
        long least = Math.max(1, LEAST_RATE * stall.toMillis() / 1000);
        try {
            long before;
            do {
                before = seen.get();
                Thread.sleep(stall);
            } while (seen.get() - before >= least);
            silent = true;
            in.close();
        } catch (InterruptedException | IOException e) {
            // the body was read to its end, or is closed already
        }
    }

    @Override
    public void close() throws IOException {
        watch.interrupt();
        in.close();
    }
}
