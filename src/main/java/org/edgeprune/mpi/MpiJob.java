package org.edgeprune.mpi;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.edgeprune.engine.Ranks;

/**
 * The ranks of the MPI job that this process belongs to. To be used by the thread that joined. A process joins at most
 * once.
 */
public final class MpiJob implements Ranks, AutoCloseable {
    /** Of one call: MPI counts with 32 bits. */
    private static final int MOST_BYTES = 1 << 30;

    private static final OperatingSystemMXBean PROCESS =
            (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

    private final MpiLibrary library;
    private final MpiLibrary.Place place;
    private final String version;
    private final List<String> hosts;
    private final Optional<Pulse> pulse;

    private MpiJob(MpiLibrary library, int silence, Watcher watcher) {
        this.library = library;
        this.place = library.init();
        MpiLibrary.Names names = library.names();
        this.version = names.library().lines().findFirst().orElse("").strip().replaceFirst(",.*", "");
        this.hosts = all(names.host().getBytes(StandardCharsets.UTF_8)).stream()
                .map(host -> new String(host, StandardCharsets.UTF_8))
                .toList();
        this.pulse = silence == 0
                ? Optional.empty()
                : started(new Pulse(
                        rank(),
                        size(),
                        silence,
                        PROCESS::getProcessCpuTime,
                        other -> watcher.hangs(this, other),
                        others -> watcher.unwatched(this, "no connection to rank " + others)));
        if (silence > 0 && pulse.isEmpty()) {
            watcher.unwatched(this, "no network on the host of rank 0");
        }
    }

    /** Empty where rank 0 has no network. */
    private Optional<Pulse> started(Pulse begun) {
        byte[] own;
        try {
            own = begun.invitation();
        } catch (IOException e) {
            own = new byte[0]; // which every rank sees
        }
        byte[] invitation = all(own).getFirst();
        if (invitation.length == 0) {
            return Optional.empty();
        }
        begun.start(invitation, hosts.get(rank()).equals(hosts.getFirst()));
        return Optional.of(begun);
    }

    /** Told of ranks that hang. */
    public interface Watcher {
        /**
         * Called when a rank neither computes nor waits for others, by a thread of its own.
         *
         * @param job this job
         * @param rank at rank 0 another rank, at the others rank 0
         */
        void hangs(MpiJob job, int rank);

        /**
         * Called where ranks that hang will not be noticed.
         *
         * @param job this job
         * @param why the reason in words
         */
        void unwatched(MpiJob job, String why);
    }

    /**
     * Joins the job. Waits for all its processes.
     *
     * @param library the file that {@code run_scripts/build_mpi.sh} made
     * @param silence seconds after which a rank hangs that neither computes nor waits for others; 0 if it may for ever
     * @param watcher told of such a rank
     * @return the ranks
     * @throws org.edgeprune.io.InputException if it is missing or cannot be loaded
     */
    public static MpiJob join(Path library, int silence, Watcher watcher) {
        return new MpiJob(MpiLibrary.load(library), silence, watcher);
    }

    @Override
    public int rank() {
        return place.rank();
    }

    @Override
    public int size() {
        return place.size();
    }

    @Override
    public String name(int rank) {
        return "rank " + rank + " of " + size() + " on host " + hosts.get(rank);
    }

    /**
     * What runs, for the user.
     *
     * @return the number of ranks and hosts, and the MPI library
     */
    public String description() {
        long distinct = hosts.stream().distinct().count();
        return size() + " ranks on " + (distinct == 1 ? "host " + hosts.getFirst() : distinct + " hosts") + ", "
                + version;
    }

    @Override
    public List<byte[]> gather(byte[] mine) {
        return waiting(() -> all(mine));
    }

    @Override
    public List<byte[]> exchange(List<byte[]> toEach) {
        if (toEach.size() != size()) { // MPI would read beyond the lengths
            throw new IllegalArgumentException("bytes for " + toEach.size() + " ranks, of " + size());
        }
        return waiting(() -> parts(toEach));
    }

    private <T> T waiting(Supplier<T> others) {
        pulse.ifPresent(own -> own.waiting(true));
        try {
            return others.get();
        } finally {
            pulse.ifPresent(own -> own.waiting(false));
        }
    }

    private List<byte[]> parts(List<byte[]> toEach) {
        int[] sent = numbers(toEach.stream().mapToInt(part -> part.length).toArray()); // from each rank, to each rank
        int[] lengths = IntStream.range(0, size())
                .map(from -> sent[from * size() + rank()])
                .toArray();
        int longest = Arrays.stream(sent).max().orElseThrow();
        InPieces pieces = new InPieces(MOST_BYTES / size());
        return pieces.received(
                lengths,
                longest,
                (from, here) -> library.alltoallv(
                        toEach.stream().map(part -> pieces.piece(part, from)).toList(), here));
    }

    private List<byte[]> all(byte[] mine) {
        int[] lengths = numbers(mine.length);
        return new InPieces(MOST_BYTES / size())
                .received(
                        lengths,
                        Arrays.stream(lengths).max().orElseThrow(),
                        (from, here) -> library.allgatherv(mine, Math.min(from, mine.length), here[rank()], here));
    }

    /** The numbers of all ranks, as many of each, one after the other. */
    private int[] numbers(int... mine) {
        ByteBuffer bytes = ByteBuffer.allocate(mine.length * Integer.BYTES);
        bytes.asIntBuffer().put(mine);
        int[] lengths = new int[size()];
        Arrays.fill(lengths, bytes.capacity());
        int[] all = new int[size() * mine.length];
        ByteBuffer.wrap(library.allgatherv(bytes.array(), 0, bytes.capacity(), lengths))
                .asIntBuffer()
                .get(all);
        return all;
    }

    /**
     * Ends the processes of all ranks, this one included.
     *
     * @param code their exit code
     */
    public void abort(int code) {
        library.abort(code);
    }

    /** Leaves the job. Waits for all ranks. */
    @Override
    public void close() {
        pulse.ifPresent(Pulse::close);
        library.finish();
    }
}
