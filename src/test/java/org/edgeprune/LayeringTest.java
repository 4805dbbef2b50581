package org.edgeprune;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The order of the packages: each knows only those before it. */
class LayeringTest {
    private static final String ROOT = "org.edgeprune.";

    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .withImportOption(new ImportOption.DoNotIncludeJars())
            .importPackages("org.edgeprune");

    /** From the bottom to the top; a package includes the packages inside it. */
    private static final List<String> ORDER = List.of(
            "io",
            "torch",
            "safetensors",
            "convert",
            "graph",
            "mask",
            "hub",
            "tracr",
            "model",
            "task",
            "engine",
            "mpi",
            "eval",
            "prune",
            "attribute",
            "validate",
            "methods",
            "recovery",
            "mini",
            "draw",
            "report",
            "cli");

    @Test
    void everyPackageHasItsPlace() {
        assertEquals(
                new TreeSet<>(ORDER),
                CLASSES.stream()
                        .map(JavaClass::getPackageName)
                        .filter(name -> name.startsWith(ROOT))
                        .map(name -> name.substring(ROOT.length()).replaceFirst("\\..*", ""))
                        .collect(Collectors.toCollection(TreeSet::new)),
                "give a new package its place in ORDER");
    }

    @Test
    void noPackageKnowsALaterOne() {
        for (int i = 0; i + 1 < ORDER.size(); i++) {
            String[] later = ORDER.subList(i + 1, ORDER.size()).stream()
                    .map(name -> ROOT + name + "..")
                    .toArray(String[]::new);
            noClasses()
                    .that()
                    .resideInAPackage(ROOT + ORDER.get(i) + "..")
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage(later)
                    .check(CLASSES);
        }
    }

    @Test
    void packagesHaveNoCycle() {
        slices().matching(ROOT + "(*)..").should().beFreeOfCycles().check(CLASSES);
    }

    @Test
    void foreignMemoryStaysInTorchSafetensorsAndMpi() {
        noClasses()
                .that(resideInAPackage("org.edgeprune..")
                        .and(JavaClass.Predicates.resideOutsideOfPackages(
                                // mpi binds another native library, which most processes never load
                                ROOT + "torch..", ROOT + "safetensors..", ROOT + "mpi..")))
                .should()
                .dependOnClassesThat(resideInAPackage(MemorySegment.class.getPackageName()))
                // records and switches over patterns refer to MethodHandles in code that the compiler makes
                .orShould()
                .dependOnClassesThat(assignableTo(MethodHandle.class))
                .check(CLASSES);
    }

    @Test
    void onlyHubReachesTheNetworkAndMpiOtherRanks() {
        noClasses()
                .that()
                .resideOutsideOfPackages(ROOT + "hub..", ROOT + "mpi..")
                .should()
                .dependOnClassesThat(resideInAnyPackage("java.net.http", "javax.net..")
                        .or(assignableTo(java.net.Socket.class))
                        .or(assignableTo(java.net.ServerSocket.class))
                        .or(assignableTo(java.net.HttpURLConnection.class))
                        .or(assignableTo(HttpClient.class)))
                .check(CLASSES);
    }

    @Test
    void onlyIoKnowsObjectMapper() {
        noClasses()
                .that()
                .resideOutsideOfPackage(ROOT + "io..")
                .should()
                .dependOnClassesThat(assignableTo(ObjectMapper.class))
                .check(CLASSES);
    }

    /**
     * Tests that run beside others (junit-platform.properties) make no tensors in this process, where those are
     * counted.
     */
    @Test
    void testsBesideOthersMakeNoTensors() throws IOException {
        Pattern tensors = Pattern.compile("TinyRun|LoadedModel|Models\\.open|TensorScope|LibTorch\\.load|MiniTraining");
        try (Stream<Path> sources = Files.walk(Path.of("src/test/java"))) {
            for (Path source : sources.filter(file -> file.toString().endsWith("Test.java"))
                    .toList()) {
                String text = Files.readString(source);
                if (text.contains("@Execution(ExecutionMode.CONCURRENT)\nclass ")) {
                    assertFalse(tensors.matcher(text).find(), source + " makes tensors");
                }
            }
        }
    }
}
