package org.edgeprune.mpi;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

@Execution(ExecutionMode.CONCURRENT)
class InPiecesTest {
    /** Of several ranks, one of which sends nothing and one the exact length of a piece. */
    private static final List<byte[]> SENT =
            List.of(new byte[] {1, 2, 3, 4, 5, 6, 7}, new byte[0], new byte[] {8, 9, 10}, new byte[] {11, 12, 13, 14});

    private static List<byte[]> received(InPieces pieces, int longest, List<Integer> calls) {
        int[] lengths = SENT.stream().mapToInt(bytes -> bytes.length).toArray();
        return pieces.received(lengths, longest, (from, expected) -> {
            calls.add(from);
            ByteArrayOutputStream all = new ByteArrayOutputStream();
            for (int rank = 0; rank < SENT.size(); rank++) {
                byte[] piece = pieces.piece(SENT.get(rank), from);
                assertEquals(expected[rank], piece.length);
                assertTrue(piece.length <= pieces.most());
                all.writeBytes(piece);
            }
            return all.toByteArray();
        });
    }

    @Test
    void piecesAreJoined() {
        List<Integer> calls = new ArrayList<>();
        List<byte[]> received = received(new InPieces(3), 7, calls);
        for (int rank = 0; rank < SENT.size(); rank++) {
            assertArrayEquals(SENT.get(rank), received.get(rank));
        }
        assertEquals(List.of(0, 3, 6), calls);
    }

    /** Another rank receives more: this one takes part in its calls. */
    @Test
    void allRanksMakeAsManyCalls() {
        List<Integer> calls = new ArrayList<>();
        List<byte[]> received = received(new InPieces(4), 13, calls);
        assertArrayEquals(SENT.getFirst(), received.getFirst());
        assertEquals(List.of(0, 4, 8, 12), calls);
    }

    /** The place after the last piece would be more than an int holds. */
    @Test
    void theLastPieceMayEndAtTheLargestLength() {
        InPieces pieces = new InPieces(1 << 30);
        assertEquals(0, pieces.piece(new byte[5], Integer.MAX_VALUE - 3).length);
        List<Integer> calls = new ArrayList<>();
        pieces.received(new int[] {0}, Integer.MAX_VALUE, (from, _) -> {
            calls.add(from);
            return new byte[0];
        });
        assertEquals(List.of(0, 1 << 30), calls);
    }
}
