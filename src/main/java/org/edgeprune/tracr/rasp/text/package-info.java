/**
 * The text form of RASP programs: one definition on each line; the last expression is the output. Public API:
 * incompatible changes come only with a new minor version and are listed in CHANGELOG.md.
 *
 * <pre>{@code
 * # the tokens in reversed order
 * opp = length - indices - 1
 * reverse = aggregate(select(indices, opp, ==), tokens)
 * }</pre>
 *
 * <ul>
 *   <li>S-ops: {@code tokens}, {@code indices}, {@code length}, {@code max_len} (a constant), numbers, {@code "texts"},
 *       {@code true}, {@code false}; {@code + - * / %}, {@code == != < <= > >=}, {@code and or not}.
 *   <li>Selectors: {@code select(keys, queries, p)}, where p is a comparison ({@code ==}, {@code <=}, ...),
 *       {@code true}, {@code false} or {@code (k, q) -> k + 1 == q}; {@code and or not} combine them.
 *   <li>{@code aggregate(selector, x)}, {@code aggregate(selector, x, default)}, {@code selector_width(selector)},
 *       {@code map(x -> x * x, s)}, {@code sequence_map((x, y) -> max(x, y), s, t)}, {@code linear(s, t, 1, -1)},
 *       {@code numerical(s)}, {@code categorical(s)}.
 *   <li>In the functions after {@code ->} also {@code min max abs round floor} and {@code if(c, x, y)}.
 *   <li>The programs of the library as functions: see {@link org.edgeprune.tracr.rasp.text.ProgramBuilder}.
 * </ul>
 *
 * A definition ends with its line, except inside brackets; {@code ;} and {@code return} are optional, {@code #} starts
 * a comment.
 */
package org.edgeprune.tracr.rasp.text;
