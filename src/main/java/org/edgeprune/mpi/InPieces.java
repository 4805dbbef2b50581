package org.edgeprune.mpi;

import java.util.Arrays;
import java.util.List;

/**
 * Receives bytes of other ranks in several calls of MPI, which counts with 32 bits.
 *
 * @param most bytes from one rank in one call; times the number of ranks, no more than an {@code int} holds
 */
record InPieces(int most) {
    /** A call. */
    @FunctionalInterface
    interface Call {
        /**
         * @param from where the pieces begin in what each rank sends, see {@link #piece}
         * @param lengths of the pieces that come from each rank
         * @return these pieces, one after the other
         */
        byte[] receive(int from, int[] lengths);
    }

    /**
     * @param lengths of what comes from each rank
     * @param longest of all that any rank receives from another: the number of calls follows from it, and all ranks
     *     make as many
     * @param call made for each piece
     * @return what came from each rank
     */
    List<byte[]> received(int[] lengths, int longest, Call call) {
        List<byte[]> all = Arrays.stream(lengths).mapToObj(byte[]::new).toList();
        for (long begin = 0; begin < longest; begin += most) {
            int from = (int) begin;
            int[] pieces = Arrays.stream(lengths)
                    .map(length -> Math.clamp((long) length - from, 0, most))
                    .toArray();
            byte[] bytes = call.receive(from, pieces);
            for (int rank = 0, next = 0; rank < pieces.length; next += pieces[rank++]) {
                if (pieces[rank] > 0) {
                    System.arraycopy(bytes, next, all.get(rank), from, pieces[rank]);
                }
            }
        }
        return all;
    }

    /** The piece of what is sent that begins at a place, which may be after its end. */
    byte[] piece(byte[] sent, int from) {
        return Arrays.copyOfRange(sent, Math.min(from, sent.length), (int) Math.min((long) from + most, sent.length));
    }
}
