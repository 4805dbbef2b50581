package org.edgeprune.mpi;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.BiConsumer;
import org.edgeprune.engine.Ranks;

/**
 * The ranks of the MPI job that this process belongs to. To be used by the thread that joined. A process joins at most
 * once.
 */
public final class MpiJob implements Ranks, AutoCloseable {
    /** Of one call: MPI counts with 32 bits. */
    private static final int MOST_BYTES = 1 << 30;

    private final MpiLibrary library;
    private final MpiLibrary.Place place;
    private final String version;
    private final List<String> hosts;
    private final Optional<Pulse> pulse;

    private MpiJob(MpiLibrary library, int silence, BiConsumer<MpiJob, Integer> silent) {
        this.library = library;
        this.place = library.init();
        MpiLibrary.Names names = library.names();
        this.version = names.library().lines().findFirst().orElse("").strip().replaceFirst(",.*", "");
        this.hosts = all(names.host().getBytes(StandardCharsets.UTF_8)).stream()
                .map(host -> new String(host, StandardCharsets.UTF_8))
                .toList();
        this.pulse = silence == 0
                ? Optional.empty()
                : Optional.of(new Pulse(rank(), silence, other -> silent.accept(this, other)));
        pulse.ifPresent(this::start);
    }

    private void start(Pulse begun) {
        try {
            begun.start(all(begun.invitation()).getFirst(), hosts.get(rank()).equals(hosts.getFirst()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Joins the job. Waits for all its processes.
     *
     * @param library the file that {@code run_scripts/build_mpi.sh} made
     * @param silence seconds after which a rank hangs that neither computes nor waits for others; 0 if it may for ever
     * @param silent told this job and the number of such a rank, by a thread of its own: at rank 0 that of another
     *     rank, at the others rank 0
     * @return the ranks
     * @throws org.edgeprune.io.InputException if it is missing or cannot be loaded
     */
    public static MpiJob join(Path library, int silence, BiConsumer<MpiJob, Integer> silent) {
        return new MpiJob(MpiLibrary.load(library), silence, silent);
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
        pulse.ifPresent(own -> own.waiting(true));
        try {
            return all(mine);
        } finally {
            pulse.ifPresent(own -> own.waiting(false));
        }
    }

    private List<byte[]> all(byte[] mine) {
        int[] lengths = new int[size()];
        byte[] length = ByteBuffer.allocate(Integer.BYTES).putInt(mine.length).array();
        int[] fours = new int[size()];
        Arrays.fill(fours, Integer.BYTES);
        ByteBuffer.wrap(library.allgatherv(length, 0, Integer.BYTES, fours))
                .asIntBuffer()
                .get(lengths);
        List<byte[]> all = new ArrayList<>();
        for (int one : lengths) {
            all.add(new byte[one]);
        }
        int most = MOST_BYTES / size();
        int longest = Arrays.stream(lengths).max().orElseThrow();
        for (int from = 0; from < longest; from += most) {
            int start = from;
            int[] parts = Arrays.stream(lengths)
                    .map(one -> Math.clamp(one - start, 0, most))
                    .toArray();
            byte[] received = library.allgatherv(mine, Math.min(start, mine.length), parts[rank()], parts);
            for (int rank = 0, next = 0; rank < size(); next += parts[rank++]) {
                if (parts[rank] > 0) {
                    System.arraycopy(received, next, all.get(rank), start, parts[rank]);
                }
            }
            if (longest - from <= most) { // else the sum may overflow
                break;
            }
        }
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
