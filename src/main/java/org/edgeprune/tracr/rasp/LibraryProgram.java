package org.edgeprune.tracr.rasp;

import static org.edgeprune.tracr.rasp.Rasp.indices;
import static org.edgeprune.tracr.rasp.Rasp.tokens;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The programs of {@link Library} by name, each with the vocabulary and the maximal length that it is compiled for by
 * default.
 */
public enum LibraryProgram implements RaspProgram {
    /** {@link Library#length}. */
    LENGTH("the length of the input", "a b c", (v, n) -> Library.length()),
    /** {@link Library#reverse} of the tokens. */
    REVERSE("the tokens in reversed order", "1 2 3", (v, n) -> Library.reverse(tokens())),
    /** {@link Library#hist} of the tokens. */
    HIST("how often each token occurs", "a b c", (v, n) -> Library.hist(tokens())),
    /** {@link Library#histWithoutBos} of the tokens. */
    HIST_NO_BOS(
            "how often each token occurs, found without a BOS position",
            "a b c",
            (v, n) -> Library.histWithoutBos(tokens())),
    /** {@link Library#doubleHist} of the tokens. */
    DOUBLE_HIST(
            "how many different tokens occur as often as this one", "a b c", (v, n) -> Library.doubleHist(tokens())),
    /** {@link Library#hasPrevious} of the tokens. */
    HAS_PREV("whether the token occurred before", "a b c", (v, n) -> Library.hasPrevious(tokens())),
    /** {@link Library#removeDuplicates} of the tokens. */
    REMOVE_DUPLICATES("the first occurrence of each token", "a b c", (v, n) -> Library.removeDuplicates(tokens())),
    /** {@link Library#sortUnique} of the tokens by themselves. */
    SORT_UNIQUE("the tokens in order, if all differ", "1 2 3 4", (v, n) -> Library.sortUnique(tokens(), tokens())),
    /** {@link Library#sort} of the tokens by themselves. */
    SORT("the tokens in order", "1 2 3", (v, n) -> Library.sort(tokens(), tokens(), n, 1)),
    /** {@link Library#sortByFrequency}. */
    SORT_FREQ("the tokens, the more frequent first", "1 2 3", (v, n) -> Library.sortByFrequency(n)),
    /** {@link Library#fractionOfPrevious} of "the token is x". */
    XPROPORTION(
            "the fraction of tokens up to here that are x",
            "w x y z",
            (v, n) -> Library.fractionOfPrevious(tokens().is(Comparison.EQ, "x"))),
    /** {@link Library#pairBalance} of round brackets. */
    PAIR_BALANCE(
            "the fraction of ( up to here minus the fraction of )",
            "( ) x",
            (v, n) -> Library.pairBalance(tokens(), "(", ")")),
    /** {@link Library#shuffleDyck} of round brackets. */
    SHUFFLE_DYCK("whether the brackets are balanced", "( )", 6, (v, n) -> Library.shuffleDyck(List.of("()"))),
    /** {@link Library#shuffleDyck} of round and curly brackets. */
    SHUFFLE_DYCK2(
            "whether two kinds of brackets are balanced, each by itself",
            "( ) { }",
            4,
            (v, n) -> Library.shuffleDyck(List.of("()", "{}"))),
    /** {@link Library#shift} of the tokens by one. */
    SHIFT("the tokens moved one to the right", "a b c", (v, n) -> Library.shift(tokens(), 1)),
    /** {@link Library#detectPattern} of a b a. */
    DETECT_PATTERN(
            "whether the last three tokens are a b a",
            "a b c",
            (v, n) -> Library.detectPattern(tokens(), List.of(Value.of("a"), Value.of("b"), Value.of("a")))),
    /** {@link Library#count} of a. */
    COUNT("how often a occurs", "a b c", (v, n) -> Library.count(tokens(), Value.of("a"))),
    /** {@link Library#countLessFrequent} of 2. */
    COUNT_LESS_FREQ("how many tokens occur at most twice", "a b c", (v, n) -> Library.countLessFrequent(2)),
    /** {@link Library#combine} of the tokens, twice, and the indices. */
    NARY_SEQUENCE_MAP(
            "token + token - index",
            "1 2 3",
            (v, n) -> Library.combine(
                    x -> Value.of(
                            x.get(0).number() + x.get(1).number() - x.get(2).number()),
                    tokens(),
                    tokens(),
                    indices()));

    private final String description;
    private final List<Value> vocabulary;
    private final int maxLength;
    private final RaspProgram program;

    LibraryProgram(String description, String vocabulary, RaspProgram program) {
        this(description, vocabulary, 5, program);
    }

    LibraryProgram(String description, String vocabulary, int maxLength, RaspProgram program) {
        this.description = description;
        this.vocabulary = Arrays.stream(vocabulary.split(" ")).map(Value::parse).toList();
        this.maxLength = maxLength;
        this.program = program;
    }

    /**
     * The name on the command line and in files.
     *
     * @return the constant's name in lower case, such as {@code sort_unique}
     */
    public String programName() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * What the program computes.
     *
     * @return a phrase for listings, such as "the tokens in reversed order"
     */
    public String description() {
        return description;
    }

    /**
     * The default vocabulary.
     *
     * @return the tokens in order, without BOS and padding
     */
    public List<Value> vocabulary() {
        return vocabulary;
    }

    /**
     * The default maximal length.
     *
     * @return the longest input, BOS not counted; even for brackets, as no sequence of odd length is balanced
     */
    public int maxLength() {
        return maxLength;
    }

    @Override
    public SOp build(List<Value> vocabulary, int maxLength) {
        return program.build(vocabulary, maxLength);
    }

    /**
     * The names of all programs, for messages.
     *
     * @return as {@link #programName} gives them, separated by commas
     */
    public static String names() {
        return Arrays.stream(values()).map(LibraryProgram::programName).collect(Collectors.joining(", "));
    }

    /**
     * The program of a name.
     *
     * @param name as {@link #programName} gives it
     * @return the program, empty if no program has this name
     */
    public static Optional<LibraryProgram> byName(String name) {
        return Arrays.stream(values()).filter(p -> p.programName().equals(name)).findFirst();
    }
}
