package org.edgeprune.tracr.rasp;

import static org.edgeprune.tracr.rasp.Rasp.indices;
import static org.edgeprune.tracr.rasp.Rasp.tokens;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * The programs of the library under their names, each with the vocabulary and the length it is usually compiled for.
 */
public enum LibraryProgram implements RaspProgram {
    LENGTH("the length of the input", "a b c", (v, n) -> Library.length()),
    REVERSE("the tokens in reversed order", "1 2 3", (v, n) -> Library.reverse(tokens())),
    HIST("how often each token occurs", "a b c", (v, n) -> Library.hist(tokens())),
    HIST_NO_BOS(
            "how often each token occurs, found without a BOS position",
            "a b c",
            (v, n) -> Library.histWithoutBos(tokens())),
    DOUBLE_HIST(
            "how many different tokens occur as often as this one", "a b c", (v, n) -> Library.doubleHist(tokens())),
    HAS_PREV("whether the token occurred before", "a b c", (v, n) -> Library.hasPrevious(tokens())),
    REMOVE_DUPLICATES("the first occurrence of each token", "a b c", (v, n) -> Library.removeDuplicates(tokens())),
    SORT_UNIQUE("the tokens in order, if all differ", "1 2 3 4", (v, n) -> Library.sortUnique(tokens(), tokens())),
    SORT("the tokens in order", "1 2 3", (v, n) -> Library.sort(tokens(), tokens(), n, 1)),
    SORT_FREQ("the tokens, the more frequent first", "1 2 3", (v, n) -> Library.sortByFrequency(n)),
    XPROPORTION(
            "the fraction of tokens up to here that are x",
            "w x y z",
            (v, n) -> Library.fractionOfPrevious(tokens().is(Comparison.EQ, "x"))),
    PAIR_BALANCE(
            "the fraction of ( up to here minus the fraction of )",
            "( ) x",
            (v, n) -> Library.pairBalance(tokens(), "(", ")")),
    SHUFFLE_DYCK("whether the brackets are balanced", "( )", 6, (v, n) -> Library.shuffleDyck(List.of("()"))),
    SHUFFLE_DYCK2(
            "whether two kinds of brackets are balanced, each by itself",
            "( ) { }",
            4,
            (v, n) -> Library.shuffleDyck(List.of("()", "{}"))),
    SHIFT("the tokens moved one to the right", "a b c", (v, n) -> Library.shift(tokens(), 1)),
    DETECT_PATTERN(
            "whether the last three tokens are a b a",
            "a b c",
            (v, n) -> Library.detectPattern(tokens(), List.of(Value.of("a"), Value.of("b"), Value.of("a")))),
    COUNT("how often a occurs", "a b c", (v, n) -> Library.count(tokens(), Value.of("a"))),
    COUNT_LESS_FREQ("how many tokens occur at most twice", "a b c", (v, n) -> Library.countLessFrequent(2)),
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

    /** The name on the command line and in files, such as {@code sort_unique}. */
    public String programName() {
        return name().toLowerCase(Locale.ROOT);
    }

    public String description() {
        return description;
    }

    /** The usual vocabulary, in order, BOS and padding not counted. */
    public List<Value> vocabulary() {
        return vocabulary;
    }

    /** The usual longest input, BOS not counted. Even for brackets: none of odd length are balanced. */
    public int maxLength() {
        return maxLength;
    }

    @Override
    public SOp build(List<Value> vocabulary, int maxLength) {
        return program.build(vocabulary, maxLength);
    }

    public static Optional<LibraryProgram> byName(String name) {
        return Arrays.stream(values()).filter(p -> p.programName().equals(name)).findFirst();
    }
}
