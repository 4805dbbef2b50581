package org.edgeprune.hub;

import java.io.IOException;
import java.net.ConnectException;
import java.net.http.HttpConnectTimeoutException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;
import org.edgeprune.io.InputException;

/**
 * Repeats requests that failed, with a wait that doubles each time. An attempt that got further than all before
 * restarts the count, so that a large file arrives even if the connection is cut again and again.
 *
 * @param patience how often and after which waits
 * @param what the thing asked for, for messages
 * @param listener told of waits
 */
record Attempts(HubSettings.Patience patience, String what, Hub.Listener listener) {
    /** The longest wait that a server can ask for. */
    private static final Duration LONGEST_WAIT = Duration.ofMinutes(1);

    /** An attempt that got further by fewer bytes than this has made no progress. */
    private static final int LEAST_PROGRESS = 1024;

    /** The server asks for a later attempt. */
    static final class BusyException extends IOException {
        private static final long serialVersionUID = 1L;
        private final transient Optional<Duration> wait;

        BusyException(String message, Optional<Duration> wait) {
            super(message);
            this.wait = wait;
        }
    }

    /** Reports how far an attempt got. */
    interface Progress {
        void at(long bytes);
    }

    @FunctionalInterface
    interface Attempt<T> {
        T make(Progress progress) throws IOException;
    }

    /** @throws InputException if the last attempt failed as well */
    <T> T run(Attempt<T> attempt) {
        AtomicLong furthest = new AtomicLong();
        long before = 0;
        int failures = 0;
        while (true) {
            try {
                return attempt.make(bytes -> furthest.accumulateAndGet(bytes, Math::max));
            } catch (IOException e) {
                boolean progress = furthest.get() - before >= LEAST_PROGRESS && !(e instanceof Body.SilentException);
                failures = progress ? 1 : failures + 1;
                before = furthest.get();
                if (failures >= patience.attempts()) {
                    throw new InputException(what + ": " + reason(e), e);
                }
                sleep(e, failures);
            }
        }
    }

    private static String reasonOf(IOException e) {
        Throwable root = e;
        while (root.getCause() != null && root.getMessage() == null) {
            root = root.getCause();
        }
        return root.getMessage() == null ? root.getClass().getSimpleName() : root.getMessage();
    }

    private static String reason(IOException e) {
        boolean unreachable = e instanceof ConnectException || e instanceof HttpConnectTimeoutException;
        return (unreachable ? "the Hub cannot be reached (" : "the download failed repeatedly (") + reasonOf(e)
                + "): check the network, HF_ENDPOINT and the proxy variables, then repeat: it resumes where it stopped";
    }

    private void sleep(IOException e, int failures) {
        Duration wait = patience.backOff().multipliedBy(1L << Math.min(failures - 1, 6));
        if (e instanceof BusyException busy && busy.wait.isPresent()) {
            wait = busy.wait.get().compareTo(LONGEST_WAIT) < 0 ? busy.wait.get() : LONGEST_WAIT;
        }
        listener.waiting(what, wait, reasonOf(e));
        try {
            // random jitter, so that many processes do not retry at the same moment
            Thread.sleep(wait.plus(
                    wait.multipliedBy(ThreadLocalRandom.current().nextInt(25)).dividedBy(100)));
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new InputException(what + ": interrupted", interrupted);
        }
    }
}
