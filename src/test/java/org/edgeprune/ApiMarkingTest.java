package org.edgeprune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaField;
import com.tngtech.archunit.core.domain.JavaMember;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.domain.JavaType;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** Every package says whether it is public API, and the public API does not need what is internal. */
@Execution(ExecutionMode.CONCURRENT)
class ApiMarkingTest {
    private static final Path SOURCES = Path.of("src", "main", "java");

    /** The bindings are generated, without a package-info of ours. */
    private static final Set<String> BINDINGS = Set.of("org.edgeprune.torch.ffi", "org.edgeprune.mpi.ffi");

    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .withImportOption(new ImportOption.DoNotIncludeJars())
            .importPackages("org.edgeprune");

    private enum Marking {
        PUBLIC("Public API: incompatible changes come only with a new minor version and are listed in CHANGELOG.md."),
        INTERNAL("Internal: may change in any version.");

        private final String sentence;

        Marking(String sentence) {
            this.sentence = sentence;
        }
    }

    @Test
    void everyPackageSaysInItsFirstParagraphWhatItIs() throws IOException {
        TreeSet<String> packages = CLASSES.stream()
                .map(JavaClass::getPackageName)
                .filter(name -> !BINDINGS.contains(name))
                .collect(Collectors.toCollection(TreeSet::new));
        assertEquals(packages, new TreeSet<>(markings().keySet()));
    }

    @Test
    void thePublishedJavadocIsThatOfThePublicApi() throws IOException {
        String pom = Files.readString(Path.of("pom.xml"));
        String excluded = pom.replaceAll("(?s).*<excludePackageNames>(.*?)</excludePackageNames>.*", "$1");
        TreeSet<String> internal = markings().entrySet().stream()
                .filter(entry -> entry.getValue() == Marking.INTERNAL)
                .map(Map.Entry::getKey)
                .collect(Collectors.toCollection(TreeSet::new));
        internal.addAll(BINDINGS);
        assertEquals(
                internal,
                Stream.of(excluded.split(":", -1)).map(String::strip).collect(Collectors.toCollection(TreeSet::new)));
    }

    @Test
    void noPublicSignatureNamesAnInternalType() throws IOException {
        Map<String, Marking> markings = markings();
        List<String> faults = new ArrayList<>();
        for (JavaClass owner : CLASSES) {
            if (markings.get(owner.getPackageName()) == Marking.PUBLIC && isExported(owner)) {
                types(owner)
                        .filter(type -> type.getPackageName().startsWith("org.edgeprune")
                                && markings.get(type.getPackageName()) != Marking.PUBLIC)
                        .forEach(type -> faults.add(owner.getName() + " names " + type.getName()));
            }
        }
        assertEquals(List.of(), faults);
    }

    /** The marking of each package that has a package-info.java, read from its first paragraph. */
    private static Map<String, Marking> markings() throws IOException {
        Map<String, Marking> markings = new TreeMap<>();
        try (Stream<Path> files = Files.walk(SOURCES)) {
            for (Path file : (Iterable<Path>) files.filter(f -> f.endsWith("package-info.java"))::iterator) {
                markings.put(SOURCES.relativize(file.getParent()).toString().replace('/', '.'), marking(file));
            }
        }
        return markings;
    }

    private static Marking marking(Path file) throws IOException {
        String text = Files.readString(file)
                .replaceFirst("(?s)\\A/\\*\\*(.*?)\\*/.*", "$1")
                .replaceAll("(?m)^ \\* ?", "");
        String firstParagraph = text.strip().split("\n\\s*\n|<p>", 2)[0].replaceAll("\\s+", " ");
        List<Marking> found = Stream.of(Marking.values())
                .filter(marking -> firstParagraph.contains(marking.sentence))
                .toList();
        assertTrue(
                found.size() == 1,
                file + ": its first paragraph must contain exactly one of \"" + Marking.PUBLIC.sentence + "\" and \""
                        + Marking.INTERNAL.sentence + "\"");
        return found.getFirst();
    }

    private static boolean isExported(JavaClass type) {
        return isExported(type.getModifiers())
                && type.getEnclosingClass().map(ApiMarkingTest::isExported).orElse(true);
    }

    private static boolean isExported(Set<JavaModifier> modifiers) {
        return modifiers.contains(JavaModifier.PUBLIC) || modifiers.contains(JavaModifier.PROTECTED);
    }

    /** Every type that a user of a class can see, also as a type argument. */
    private static Stream<JavaClass> types(JavaClass owner) {
        Stream<JavaType> parents = Stream.concat(
                owner.getSuperclass().stream(), owner.getInterfaces().stream().map(JavaType.class::cast));
        Stream<JavaType> members = owner.getMembers().stream()
                .filter(member -> isExported(member.getModifiers()))
                .flatMap(ApiMarkingTest::types);
        return Stream.concat(parents, members).flatMap(type -> type.getAllInvolvedRawTypes().stream());
    }

    private static Stream<JavaType> types(JavaMember member) {
        return switch (member) {
            case JavaField field -> Stream.of(field.getType());
            case JavaCodeUnit code ->
                Stream.of(
                                code.getParameterTypes().stream(),
                                Stream.of(code.getReturnType()),
                                code.getExceptionTypes().stream().map(JavaType.class::cast))
                        .flatMap(types -> types);
            default -> throw new AssertionError(member.getDescription());
        };
    }
}
