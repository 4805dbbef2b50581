package org.edgeprune.task.tokenizer;

import com.hubspot.jinjava.Jinjava;
import com.hubspot.jinjava.JinjavaConfig;
import com.hubspot.jinjava.LegacyOverrides;
import com.hubspot.jinjava.interpret.Context;
import com.hubspot.jinjava.interpret.Context.Library;
import com.hubspot.jinjava.interpret.JinjavaInterpreter;
import com.hubspot.jinjava.interpret.RenderResult;
import com.hubspot.jinjava.interpret.TemplateError;
import com.hubspot.jinjava.lib.exptest.ExpTest;
import com.hubspot.jinjava.lib.filter.Filter;
import com.hubspot.jinjava.lib.fn.ELFunctionDefinition;
import com.hubspot.jinjava.lib.tag.ForTag;
import com.hubspot.jinjava.tree.TagNode;
import com.hubspot.jinjava.util.HasObjectTruthValue;
import java.lang.reflect.Method;
import java.time.LocalDate;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.edgeprune.io.LibraryLogging;

/**
 * Renders Jinja templates as transformers does, through the library jinjava, which differs from Jinja2 in places. What
 * is used of it is therefore limited to what {@code ChatTemplateTest} compares with Jinja2; a template that uses
 * anything else is refused.
 *
 * <p>The date that {@code strftime_now} prints is always the 26th of July 2024, which templates of Llama print where
 * that function does not exist, so that a run can be repeated on another day.
 */
final class JinjaRenderer {
    private static final LocalDate DATE = LocalDate.of(2024, 7, 26);

    private static final String RAISE = "raise_exception";
    private static final String DATE_NOW = "strftime_now";

    private static final Map<Library, Set<String>> USED = Map.of(
            Library.TAG, Set.of("for", "endfor", "if", "elif", "else", "endif", "set", "macro", "endmacro"),
            Library.FILTER,
                    Set.of("trim", "length", "upper", "lower", "join", "default", "list", "selectattr", "rejectattr"),
            Library.EXP_TEST,
                    Set.of("defined", "undefined", "none", "string", "mapping", "iterable", "equalto", "truthy"),
            Library.FUNCTION, Set.of(RAISE, DATE_NOW, "text", "namespace", "range"));

    /** Methods of texts, lists and objects. */
    private static final Set<String> METHODS = Set.of("strip", "replace");

    private static final Pattern COMMENT = Pattern.compile("\\{#(-?).*?(-?)#}", Pattern.DOTALL);

    /** A tag or an expression. */
    private static final Pattern CODE = Pattern.compile("\\{([%{])(-?)(.*?)(-?)[%}]}", Pattern.DOTALL);

    private static final Pattern TEXT =
            Pattern.compile("'((?:[^'\\\\]|\\\\.)*)'|\"((?:[^\"\\\\]|\\\\.)*)\"", Pattern.DOTALL);

    private static final Pattern ESCAPE = Pattern.compile("\\\\[^nt'\"\\\\]", Pattern.DOTALL);

    /** Where jinjava finds another value than Jinja2. */
    private static final Pattern OTHER_VALUE =
            Pattern.compile("/|\\*|::|[^\\w\\s][-+]\\s*\\d+\\s*%|-[^%]*%|[\\])'\"]\\s*[!=]=\\s*(true|false)\\b");

    /** {@code x == false}, in which jinjava takes an empty text for false. */
    private static final Pattern EQUAL =
            Pattern.compile("(\\w+(?:\\.\\w+|\\[[^\\[\\]]*])*)\\s*([!=])=\\s*(true|false)\\b");

    private static final Pattern FOR_IF =
            Pattern.compile("\\s*for\\b(?:[^'\"]|'[^']*'|\"[^\"]*\")*?\\bif\\b.*", Pattern.DOTALL);

    private static final Pattern FILTER = Pattern.compile("\\|\\s*(\\w+)");

    /** {@code not x is defined}, in which jinjava binds {@code not} to x. */
    private static final Pattern NOT_IS =
            Pattern.compile("\\bnot\\s+(\\w+(?:\\.\\w+|\\[[^\\[\\]]*])*)\\s+is\\s+(?!not\\b)");

    private static final Pattern GENERATION = Pattern.compile("\\{%(-?)\\s*(end)?generation\\s*(-?)%}");

    /** What jinjava writes for values that Jinja2 writes in another way, or refuses. */
    private static final List<String> VALUES = List.of("null", "true", "false");

    private final Jinjava jinjava;

    /**
     * Filters that are supported, and those that are refused when called: jinjava ignores a filter it does not know.
     */
    private final Set<String> filters;

    JinjaRenderer() {
        LibraryLogging.quiet();
        Jinjava all = configured(Map.of());
        Context context = all.getGlobalContext();
        Map<Library, Set<String>> disabled = new EnumMap<>(Library.class);
        disabled.put(
                Library.TAG, unused(Library.TAG, context.getAllTags().stream().map(tag -> tag.getName())));
        disabled.put(
                Library.FILTER,
                unused(Library.FILTER, context.getAllFilters().stream().map(one -> one.getName())));
        disabled.put(
                Library.EXP_TEST,
                unused(Library.EXP_TEST, context.getAllExpTests().stream().map(one -> one.getName())));
        disabled.put(
                Library.FUNCTION,
                unused(Library.FUNCTION, context.getAllFunctions().stream().map(one -> one.getLocalName())));
        filters = new HashSet<>(USED.get(Library.FILTER));
        filters.addAll(disabled.get(Library.FILTER));
        jinjava = configured(disabled);
        Context used = jinjava.getGlobalContext();
        used.registerTag(new StrictFor());
        used.registerExpTest(new IsNone());
        used.registerFunction(new ELFunctionDefinition("", RAISE, JinjaRenderer.class, "raise", String.class));
        used.registerFunction(new ELFunctionDefinition("", DATE_NOW, JinjaRenderer.class, "date", String.class));
        used.registerFunction(
                new ELFunctionDefinition("", "equal", JinjaRenderer.class, "equal", Object.class, Boolean.class));
        used.registerFunction(new ELFunctionDefinition("", "text", JinjaRenderer.class, "text", Object.class));
    }

    private static Set<String> unused(Library library, Stream<String> names) {
        return names.filter(name -> !USED.get(library).contains(name)).collect(Collectors.toSet());
    }

    private static Jinjava configured(Map<Library, Set<String>> disabled) {
        Set<String> restricted = Stream.concat(
                        Stream.of(String.class, List.class, Map.class, Object.class)
                                .flatMap(type -> Stream.of(type.getMethods()))
                                .map(Method::getName),
                        Stream.of("items", "update", "append", "extend", "pop", "copy", "count", "index", "insert"))
                .filter(name -> !METHODS.contains(name))
                .collect(Collectors.toSet());
        return new Jinjava(JinjavaConfig.newBuilder()
                .withNestedInterpretationEnabled(false) // braces in a prompt are text
                .withLocale(Locale.ROOT)
                .withDisabled(disabled)
                .withRestrictedMethods(restricted)
                .withLegacyOverrides(LegacyOverrides.newBuilder()
                        .withParseWhitespaceControlStrictly(true)
                        .withUseTrimmingForNotesAndExpressions(true)
                        .withUseSnakeCasePropertyNaming(true)
                        .withKeepNullableLoopValues(true)
                        .withUseNaturalOperatorPrecedence(true)
                        .withAllowAdjacentTextNodes(true)
                        .withEvaluateMapKeys(true)
                        .withIterateOverMapKeys(true)
                        .withUsePyishObjectMapper(true)
                        .build())
                .build());
    }

    /** What a template cannot be rendered for, in words. */
    static final class UnsupportedException extends Exception {
        private static final long serialVersionUID = 1;

        UnsupportedException(String reason) {
            super(reason);
        }
    }

    /**
     * A template's text.
     *
     * @param template the template
     * @param messages the chat: texts by name
     * @param variables its other variables: texts and truth values
     * @throws UnsupportedException if it uses something that is not known to be rendered as by Jinja2, or refuses the
     *     variables itself
     */
    String render(String template, List<Map<String, String>> messages, Map<String, ?> variables)
            throws UnsupportedException {
        for (Map<String, String> message : messages) {
            requireKnownSpaces(message);
        }
        Map<String, Object> all = new HashMap<>(variables);
        all.put("messages", messages);
        Stream.of("none", "None", "tools", "documents").forEach(name -> all.put(name, None.NONE));
        Stream.of(RAISE, DATE_NOW).forEach(function -> all.put(function, function)); // so that they are defined
        RenderResult result;
        try {
            result = jinjava.renderForResult(prepared(template), all);
        } catch (RuntimeException e) {
            throw new UnsupportedException(String.valueOf(e.getMessage()));
        }
        if (result.hasErrors()) {
            TemplateError error = result.getErrors().getFirst();
            throw new UnsupportedException(
                    cause(error.getException()).map(Throwable::getMessage).orElse(error.getMessage()));
        }
        for (String value : VALUES) {
            if (count(value, result.getOutput()) > count(value, messages.toString())) {
                throw new UnsupportedException("it prints a value that is not a text");
            }
        }
        return result.getOutput();
    }

    /** What one of the functions below has said. */
    private static Optional<Throwable> cause(Throwable thrown) {
        return Stream.iterate(thrown, Objects::nonNull, Throwable::getCause)
                .filter(IllegalStateException.class::isInstance)
                .findFirst();
    }

    private static int count(String word, String text) {
        return text.split(word, -1).length;
    }

    /** Spaces of other alphabets are cut from the ends of a text by Jinja2 alone. */
    private static void requireKnownSpaces(Map<String, String> message) throws UnsupportedException {
        for (String text : message.values()) {
            if (text.matches("(?s)(?U)(?=\\s)[^ \t\n\r].*|.*(?=\\s)[^ \t\n\r]")) {
                throw new UnsupportedException("a text begins or ends with a space other than that of ASCII");
            }
        }
    }

    /** The template without what jinjava would treat in another way. */
    private String prepared(String template) throws UnsupportedException {
        String source = template.replace("\r\n", "\n");
        source = source.endsWith("\n") ? source.substring(0, source.length() - 1) : source; // as Jinja2 does
        if (source.contains("{%+") || source.contains("+%}")) {
            throw new UnsupportedException("it uses the whitespace control +");
        }
        // lstrip_blocks and trim_blocks; jinjava strips in the middle of lines too
        source = Pattern.compile("^[ \t]+(?=\\{[%#])", Pattern.MULTILINE | Pattern.UNIX_LINES)
                .matcher(source)
                .replaceAll("");
        source = source.replace("%}\n", "%}").replace("#}\n", "#}");
        source = COMMENT.matcher(source).replaceAll("{%$1 if true %}{% endif $2%}");
        source = GENERATION
                .matcher(source)
                .replaceAll(tag ->
                        "{%" + tag.group(1) + (tag.group(2) == null ? " if true " : " endif ") + tag.group(3) + "%}");
        Deque<String> open = new ArrayDeque<>();
        StringBuilder prepared = new StringBuilder();
        Matcher code = CODE.matcher(source);
        while (code.find()) {
            check(code.group(3));
            String inside = replaced(code.group(3));
            boolean tag = code.group(1).equals("%");
            if (tag) {
                nest(inside.strip().split("\\W", 2)[0], open);
            }
            String replaced = tag
                    ? "{%" + code.group(2) + inside + code.group(4) + "%}"
                    : "{{" + code.group(2) + " text((" + inside + ")) " + code.group(4) + "}}";
            code.appendReplacement(prepared, Matcher.quoteReplacement(replaced));
        }
        return code.appendTail(prepared).toString();
    }

    private static String replaced(String code) {
        if (FOR_IF.matcher(code).matches()) {
            return " for nothing in raise_exception('a loop with a condition, which is not supported') ";
        }
        String said = NOT_IS.matcher(code).replaceAll("$1 is not ");
        return EQUAL.matcher(said)
                .replaceAll(test -> Matcher.quoteReplacement((test.group(2).equals("!") ? "not equal(" : "equal(")
                        + test.group(1) + ", " + test.group(3) + ")"));
    }

    private static void nest(String tag, Deque<String> open) throws UnsupportedException {
        switch (tag) {
            case "if", "for", "macro" -> open.push(tag);
            case "endif", "endfor", "endmacro" -> {
                if (open.isEmpty() || !tag.equals("end" + open.pop())) {
                    throw new UnsupportedException("its " + tag + " ends another tag");
                }
            }
            case "else" -> {
                if ("for".equals(open.peek())) {
                    throw new UnsupportedException("it uses else of for");
                }
            }
            default -> {
                // refused by jinjava if it is not one of those that are used
            }
        }
    }

    private void check(String code) throws UnsupportedException {
        Matcher text = TEXT.matcher(code);
        while (text.find()) {
            Matcher escape = ESCAPE.matcher(text.group().replace("\\\\", ""));
            if (escape.find()) {
                throw new UnsupportedException("it uses the escape " + escape.group());
            }
        }
        String names = TEXT.matcher(code).replaceAll("''");
        Matcher other = OTHER_VALUE.matcher(names);
        if (other.find()) {
            throw new UnsupportedException("it uses " + other.group().strip());
        }
        Matcher filter = FILTER.matcher(names);
        while (filter.find()) {
            if (!filters.contains(filter.group(1))) {
                filters.add(filter.group(1));
                jinjava.getGlobalContext().registerFilter(new Unknown(filter.group(1)));
            }
        }
    }

    /** Called by templates: whether a value is a truth value, or the number that Python takes for it. */
    public static Boolean equal(Object value, Boolean truth) {
        return truth.equals(value) || (value instanceof Number number && number.longValue() == (truth ? 1 : 0));
    }

    /** Called by templates for what they print: a text or a whole number. */
    public static Object text(Object value) {
        if (value instanceof CharSequence || value instanceof Long || value instanceof Integer) {
            return value;
        }
        throw new IllegalStateException("it prints a value that is not a text");
    }

    /** Called by templates that refuse a chat. */
    @SuppressWarnings("DoNotCallSuggester") // templates call it in order to throw; jinjava needs a public method
    public static Object raise(String message) {
        throw new IllegalStateException("it says: " + message);
    }

    /** Called by templates: the date in a format of C. */
    public static String date(String format) {
        Map<Character, String> parts = new HashMap<>();
        parts.put('d', "%02d".formatted(DATE.getDayOfMonth()));
        parts.put('b', "Jul");
        parts.put('B', "July");
        parts.put('m', "%02d".formatted(DATE.getMonthValue()));
        parts.put('Y', "%d".formatted(DATE.getYear()));
        return Pattern.compile("%(.)").matcher(format).replaceAll(part -> {
            String value = parts.get(part.group(1).charAt(0));
            if (value == null) {
                throw new IllegalStateException("it uses the format " + part.group() + " of a date");
            }
            return value;
        });
    }

    /** Python's None, which is defined, while Java's null stands for what is not. */
    private static final class None implements HasObjectTruthValue {
        static final None NONE = new None();

        @Override
        public boolean getObjectTruthValue() {
            return false;
        }

        @Override
        public String toString() {
            return "null";
        }
    }

    private record Unknown(String name) implements Filter {
        @Override
        public String getName() {
            return name;
        }

        @Override
        public Object filter(Object value, JinjavaInterpreter interpreter, String... arguments) {
            throw new IllegalStateException("it uses the filter " + name);
        }
    }

    private static final class IsNone implements ExpTest {
        @Override
        public String getName() {
            return "none";
        }

        @Override
        public boolean evaluate(Object value, JinjavaInterpreter interpreter, Object... arguments) {
            return value == None.NONE;
        }
    }

    /** Refuses to loop over None, as Jinja2 does. */
    private static final class StrictFor extends ForTag {
        private static final long serialVersionUID = 1;

        @Override
        public String renderForCollection(
                TagNode tag, JinjavaInterpreter interpreter, List<String> variables, Object collection) {
            if (collection == None.NONE) {
                throw new IllegalStateException("it loops over None: " + tag.getHelpers());
            }
            return super.renderForCollection(tag, interpreter, variables, collection);
        }
    }
}
