package org.edgeprune.io;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** Finds the names that somebody who mistyped one may have meant. */
public final class CloseNames {
    /** A mistake in this many letters is still taken for a slip. */
    private static final int LETTERS_PER_SLIP = 3;

    private static final int MOST = 3;

    private CloseNames() {}

    /**
     * The known names that are closest to a given one: those that as few slips as possible (a letter too much, missing,
     * wrong, or swapped with the next one) make of it, at most one slip for every three letters.
     *
     * @param given what was typed
     * @param known the names that exist
     * @return at most three names, in their order; empty if none is close
     */
    public static List<String> to(String given, Collection<String> known) {
        String typed = given.toLowerCase(Locale.ROOT);
        int most = Math.max(1, given.length() / LETTERS_PER_SLIP);
        int least = known.stream()
                .mapToInt(name -> slips(typed, name.toLowerCase(Locale.ROOT)))
                .min()
                .orElse(Integer.MAX_VALUE);
        if (least > most) {
            return List.of();
        }
        return known.stream()
                .filter(name -> slips(typed, name.toLowerCase(Locale.ROOT)) == least)
                .sorted(Comparator.comparing(name -> name.charAt(0) != typed.charAt(0)))
                .distinct()
                .limit(MOST)
                .toList();
    }

    /**
     * The same as the end of a message.
     *
     * @param given what was typed
     * @param known the names that exist
     * @return {@code "; did you mean prune?"}, or empty if no name is close
     */
    public static String question(String given, Collection<String> known) {
        List<String> close = to(given, known);
        return close.isEmpty() ? "" : close.stream().collect(Collectors.joining(" or ", "; did you mean ", "?"));
    }

    /** The optimal string alignment distance. */
    private static int slips(String a, String b) {
        int[][] d = new int[a.length() + 1][b.length() + 1];
        for (int i = 0; i <= a.length(); i++) {
            d[i][0] = i;
        }
        for (int j = 0; j <= b.length(); j++) {
            d[0][j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            for (int j = 1; j <= b.length(); j++) {
                int changed = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
                d[i][j] = Math.min(Math.min(d[i - 1][j], d[i][j - 1]) + 1, d[i - 1][j - 1] + changed);
                boolean swapped =
                        i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1);
                if (swapped) {
                    d[i][j] = Math.min(d[i][j], d[i - 2][j - 2] + 1);
                }
            }
        }
        return d[a.length()][b.length()];
    }
}
