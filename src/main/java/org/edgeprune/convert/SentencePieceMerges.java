package org.edgeprune.convert;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The merges that a SentencePiece BPE vocabulary implies: every way to divide a piece into two pieces, the best piece
 * first, as transformers computes them.
 */
final class SentencePieceMerges {
    /** One merge of two adjacent pieces. */
    record Pair(String left, String right) {}

    private record Cut(Pair pair, int left, int right, double score) {}

    private SentencePieceMerges() {}

    /**
     * The merges of a vocabulary.
     *
     * @param pieces by id
     * @param scores of the pieces; null if earlier pieces are better
     */
    static List<Pair> of(List<String> pieces, double[] scores) {
        Map<String, Integer> ids = HashMap.newHashMap(pieces.size());
        for (int id = 0; id < pieces.size(); id++) {
            ids.put(pieces.get(id), id);
        }
        List<Cut> merges = new ArrayList<>();
        for (int id = 0; id < pieces.size(); id++) {
            String piece = pieces.get(id);
            List<Cut> cuts = new ArrayList<>();
            for (int at = 1; at < piece.length(); at++) {
                if (Character.isLowSurrogate(piece.charAt(at))) {
                    continue;
                }
                Integer left = ids.get(piece.substring(0, at));
                Integer right = left == null ? null : ids.get(piece.substring(at));
                if (right != null) {
                    double score = scores == null ? -id : scores[id];
                    cuts.add(new Cut(new Pair(piece.substring(0, at), piece.substring(at)), left, right, score));
                }
            }
            cuts.sort(Comparator.comparingInt(Cut::left).thenComparingInt(Cut::right));
            merges.addAll(cuts);
        }
        merges.sort(Comparator.comparingDouble(Cut::score)
                .thenComparingInt(cut -> length(cut.pair().left()))
                .thenComparingInt(cut -> length(cut.pair().right()))
                .reversed());
        return merges.stream().map(Cut::pair).toList();
    }

    private static int length(String piece) {
        return piece.codePointCount(0, piece.length());
    }
}
