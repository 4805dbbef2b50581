package org.edgeprune.engine;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import java.util.zip.CRC32C;
import org.edgeprune.io.InputException;

/**
 * Processes that make one run together, each on its own share of the micro-batches. All ranks run the same program on
 * the same inputs, and call the methods of this interface in the same order; whoever is first waits for the others.
 *
 * <p>A rank that fails must end the others too, which would wait for it. That is up to the implementation.
 */
public interface Ranks {
    /**
     * This process's number.
     *
     * @return from 0 to {@link #size} - 1; rank 0 alone writes the run
     */
    int rank();

    /**
     * The number of processes.
     *
     * @return at least 1
     */
    int size();

    /**
     * Names a rank for messages.
     *
     * @param rank its number
     * @return its number and its host
     */
    String name(int rank);

    /**
     * Gives every rank the bytes of all ranks.
     *
     * @param mine those of this rank, of any length, also none
     * @return those of each rank, in the order of the ranks
     */
    List<byte[]> gather(byte[] mine);

    /**
     * Gives every rank the bytes that the others have for it.
     *
     * @param toEach those for each rank, as many as there are ranks, in their order, of any length, also none
     * @return those that each rank has for this one, in the order of the ranks
     */
    List<byte[]> exchange(List<byte[]> toEach);

    /**
     * Whether this is the rank that writes the run and speaks to the user.
     *
     * @return whether it is rank 0
     */
    default boolean isFirst() {
        return rank() == 0;
    }

    /**
     * Refuses ranks that do not agree.
     *
     * @param what what the bytes say, and what to do if they differ
     * @param mine the bytes of this rank
     * @throws InputException on every rank, if the bytes of one differ from those of rank 0; it names that rank
     */
    default void requireSame(String what, byte[] mine) {
        List<byte[]> all = gather(mine);
        IntStream.range(1, size())
                .filter(rank -> !Arrays.equals(all.get(0), all.get(rank)))
                .findFirst()
                .ifPresent(rank -> {
                    throw new InputException(name(rank) + " and " + name(0) + " differ in " + what);
                });
    }

    /**
     * Refuses ranks that do not agree in their numbers, bit for bit. They are compared by a checksum (CRC-32C).
     *
     * @param what what the numbers are, and what to do if they differ
     * @param mine the numbers of this rank
     * @throws InputException as {@link #requireSame(String, byte[])}
     */
    default void requireSame(String what, float[] mine) {
        CRC32C sum = new CRC32C();
        sum.update(Packing.FLOATS.pack(mine));
        requireSame(
                what, ByteBuffer.allocate(Long.BYTES).putLong(sum.getValue()).array());
    }

    /**
     * Lets rank 0 decide for all ranks.
     *
     * @param decision asked on rank 0 alone
     * @return what it says, on every rank
     */
    default boolean decide(BooleanSupplier decision) {
        byte[] mine = {(byte) (isFirst() && decision.getAsBoolean() ? 1 : 0)};
        return gather(mine).getFirst()[0] == 1;
    }

    /**
     * A process by itself.
     *
     * @return one rank, which waits for nobody
     */
    static Ranks alone() {
        return new Ranks() {
            @Override
            public int rank() {
                return 0;
            }

            @Override
            public int size() {
                return 1;
            }

            @Override
            public String name(int rank) {
                return "this process";
            }

            @Override
            public List<byte[]> gather(byte[] mine) {
                return List.of(mine);
            }

            @Override
            public List<byte[]> exchange(List<byte[]> toEach) {
                return List.of(toEach.getFirst());
            }
        };
    }
}
