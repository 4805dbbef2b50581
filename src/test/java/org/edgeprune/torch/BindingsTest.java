package org.edgeprune.torch;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.edgeprune.mpi.ffi.Mpi;
import org.edgeprune.torch.ffi.Shim;
import org.junit.jupiter.api.Test;

/** The C header, the generated bindings and the built library agree; needs no jextract. */
class BindingsTest {
    private static final Path HEADER = Path.of("native/include/edgeprune_shim.h");

    /** A function's carrier types, the result's first. */
    private record Prototype(Class<?> result, List<Class<?>> parameters) {}

    private final String header = withoutComments(read(HEADER));
    private final Map<String, Prototype> prototypes = prototypes(header, "EP_API\\s+", "ep_");

    @Test
    void everyFunctionOfTheHeaderIsBoundWithItsTypes() {
        assertTrue(prototypes.size() > 100, "the header was read: " + prototypes.size());
        assertEquals(
                header.split("\\bEP_API\\b(?! __attribute__)").length - 1,
                prototypes.size(),
                "every EP_API is a prototype");
        assertEquals(prototypes.keySet(), bound(Shim.class, "ep_").keySet());
        assertAll(prototypes.entrySet().stream().map(e -> () -> {
            FunctionDescriptor descriptor = descriptor(e.getKey());
            assertEquals(
                    e.getValue(),
                    prototype(
                            descriptor.toMethodType().returnType(),
                            descriptor.toMethodType().parameterList()),
                    e.getKey());
            assertEquals(e.getValue(), prototype(bound(Shim.class, "ep_").get(e.getKey())), e.getKey());
        }));
    }

    @Test
    void argumentsHaveTheSizesOfTheirCTypes() {
        assertAll(prototypes.keySet().stream().map(name -> () -> {
            for (MemoryLayout argument : descriptor(name).argumentLayouts()) {
                assertTrue(argument.byteSize() == 4 || argument.byteSize() == 8, name + " " + argument);
            }
        }));
    }

    @Test
    void everyConstantOfTheHeaderIsBoundWithItsValue() {
        Map<String, Long> constants = new TreeMap<>();
        Matcher define =
                Pattern.compile("(?m)^#define (EP_[A-Z0-9_]+) +(-?\\d+)").matcher(header);
        while (define.find()) {
            constants.put(define.group(1), Long.valueOf(define.group(2)));
        }
        assertTrue(constants.size() > 30, "the header was read: " + constants);
        assertAll(constants.entrySet().stream()
                .map(e -> () -> assertEquals(
                        e.getValue(),
                        ((Number) Shim.class.getMethod(e.getKey()).invoke(null)).longValue(),
                        e.getKey())));
    }

    /** Its library is built by the user, for one MPI; commands under mpirun call it (MpiRunTest). */
    @Test
    void theHeaderForMpiIsBoundToo() {
        String mpi = withoutComments(read(Path.of("native/mpi/edgeprune_mpi.h")));
        Map<String, Prototype> functions = prototypes(mpi, "\\n", "epm_");
        assertTrue(functions.size() >= 8, "the header was read: " + functions);
        assertEquals(
                functions,
                bound(Mpi.class, "epm_").entrySet().stream()
                        .collect(Collectors.toMap(Map.Entry::getKey, bound -> prototype(bound.getValue()))));
        assertTrue(mpi.contains("#define EPM_VERSION " + Mpi.EPM_VERSION()), "the version");
        assertTrue(mpi.contains("#define EPM_TEXT " + Mpi.EPM_TEXT()), "the length of a text");
    }

    @Test
    void everyFunctionIsInTheLibrary() {
        LibTorch.load();
        assertAll(prototypes.keySet().stream().map(name -> () -> {
            MemorySegment address =
                    (MemorySegment) Shim.class.getMethod(name + "$address").invoke(null);
            assertTrue(address.address() != 0, name);
        }));
    }

    @Test
    void theLibraryExportsNothingElse() throws Exception {
        LibTorch.load();
        Path library = Path.of(BindingsTest.class
                .getClassLoader()
                .getResource("META-INF/native/linux-x86_64/libedgeprune_shim.so")
                .toURI());
        Process nm = new ProcessBuilder("nm", "-D", "--defined-only", library.toString())
                .redirectErrorStream(true)
                .start();
        List<String> exported = nm.inputReader()
                .lines()
                .map(line -> line.substring(line.lastIndexOf(' ') + 1))
                .filter(n -> n.startsWith("ep_"))
                .toList();
        assertEquals(0, nm.waitFor());
        assertEquals(prototypes.keySet(), new TreeSet<>(exported));
    }

    // ---- the header ------------------------------------------------------------------------------------------------

    /**
     * The functions of a header.
     *
     * @param before what each declaration begins with, a regular expression
     * @param prefix what each name begins with
     */
    private static Map<String, Prototype> prototypes(String header, String before, String prefix) {
        Map<String, Prototype> prototypes = new TreeMap<>();
        Matcher function = Pattern.compile(before + "([^;({}#]*?)(" + prefix + "\\w+)\\s*\\(([^)]*)\\)\\s*;")
                .matcher(header);
        while (function.find()) {
            List<Class<?>> parameters = new ArrayList<>();
            for (String parameter : function.group(3).strip().split(",", -1)) {
                if (!parameter.strip().equals("void")) {
                    // Without the parameter's name, which every prototype of the header gives.
                    parameters.add(carrier(parameter.strip().replaceFirst("\\w+$", "")));
                }
            }
            prototypes.put(function.group(2), new Prototype(carrier(function.group(1)), parameters));
        }
        return prototypes;
    }

    private static Class<?> carrier(String type) {
        String plain = type.replace("const", "").strip();
        if (plain.endsWith("*")) {
            return MemorySegment.class;
        }
        return switch (plain) {
            case "ep_tensor" -> MemorySegment.class;
            case "ep_status", "int32_t" -> int.class;
            case "int64_t", "uint64_t" -> long.class;
            case "double" -> double.class;
            case "float" -> float.class;
            case "void" -> void.class;
            default -> throw new AssertionError("a C type without a Java carrier: '" + type + "'");
        };
    }

    private static String withoutComments(String source) {
        return source.replaceAll("(?s)/\\*.*?\\*/", " ");
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    // ---- the bindings
    // ------------------------------------------------------------------------------------------------

    private static Map<String, Method> bound(Class<?> bindings, String prefix) {
        Map<String, Method> calls = new TreeMap<>();
        for (Method method : bindings.getMethods()) {
            if (method.getName().startsWith(prefix)
                    && Stream.of("$address", "$descriptor", "$handle").noneMatch(method.getName()::endsWith)) {
                calls.put(method.getName(), method);
            }
        }
        return calls;
    }

    private static FunctionDescriptor descriptor(String name) throws ReflectiveOperationException {
        return (FunctionDescriptor) Shim.class.getMethod(name + "$descriptor").invoke(null);
    }

    private static Prototype prototype(Method call) {
        return prototype(call.getReturnType(), List.of(call.getParameterTypes()));
    }

    private static Prototype prototype(Class<?> result, List<Class<?>> parameters) {
        return new Prototype(result, List.copyOf(parameters));
    }
}
