package org.edgeprune.torch;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.edgeprune.io.InputException;
import org.edgeprune.torch.ffi.Shim;

/** Loads libtorch and the shim step by step. What the steps found stays readable after one of them failed. */
final class LibTorchLoader {
    /** The oldest version whose functions have the signatures that the shim calls. */
    private static final int OLDEST_MAJOR = 2;

    private static final int OLDEST_MINOR = 7;

    /**
     * Up to this many bytes of freed large tensors are kept for reuse; but free and used memory together never exceed
     * the largest amount that was in use at one time.
     */
    private static final long KEPT_BYTES = 8L << 30;

    private final Path chosen;
    private final String variable = blankToNull(System.getenv("EDGEPRUNE_LIBTORCH"));
    private final NativeCache cache = NativeCache.ofUser();

    private LibTorchFiles files;
    private String cudaFailure;
    private boolean shimLoaded;
    private String version;
    private Allocator allocator;
    private boolean selfTested;

    /** @param chosen the user's own libtorch, or null */
    LibTorchLoader(Path chosen) {
        this.chosen = chosen;
    }

    void load() {
        Platform platform = Platform.current();
        boolean systemMemory = Allocator.isSystem(System.getenv(Allocator.VARIABLE));
        files = locate();
        // libgomp reads this once, when it is loaded. Idle threads that spin slow small operations down a hundredfold
        // where a core is busy with something else.
        DynamicLoader.setDefaultEnvironment("OMP_WAIT_POLICY", "passive");
        files.cpuLibraries().forEach(DynamicLoader::openGlobally);
        loadCuda();
        System.load(shim(platform).toString());
        if (Shim.ep_abi_version() != Shim.EP_ABI_VERSION()) {
            throw new IllegalStateException("the native library is of interface version " + Shim.ep_abi_version()
                    + ", the Java code of " + Shim.EP_ABI_VERSION() + ": build both together (mvn clean package)");
        }
        shimLoaded = true;
        version = version();
        requireRecent();
        requireComplete();
        allocator = systemMemory ? Allocator.SYSTEM : replaceAllocator();
        if (Shim.ep_self_test() != Shim.EP_OK()) {
            throw new InputException(name() + " does not work with edgeprune: "
                    + Shim.ep_last_error().getString(0)
                    + "; use the one that comes with edgeprune, or another version");
        }
        selfTested = true;
        if (blankToNull(System.getenv("OMP_NUM_THREADS")) == null) {
            // Batches are cut for workers to share the cores: inside an operation, threads mostly wait for each other.
            NativeCalls.check(Shim.ep_set_num_threads(1), "load");
        }
    }

    /** Where this libtorch takes no allocator of the shim's, everything works, but slower. */
    private static Allocator replaceAllocator() {
        return Shim.ep_keep_freed_memory(KEPT_BYTES) == Shim.EP_OK() ? Allocator.EDGEPRUNE : Allocator.LIBTORCH;
    }

    private static String blankToNull(String text) {
        return text == null || text.isBlank() ? null : text;
    }

    private LibTorchFiles locate() {
        if (chosen != null) {
            return LibTorchFiles.of(chosen, "--libtorch");
        }
        if (variable != null) {
            return LibTorchFiles.of(Path.of(variable), "EDGEPRUNE_LIBTORCH");
        }
        return LibTorchJars.unpack(cache);
    }

    /** A machine without an NVIDIA driver may not be able to load them; then there are just no CUDA devices. */
    private void loadCuda() {
        try {
            files.cudaLibraries().forEach(DynamicLoader::openGlobally);
        } catch (InputException e) {
            cudaFailure = e.getMessage();
        }
    }

    private Path shim(Platform platform) {
        String name = platform.fileName("libedgeprune_shim");
        String resource = "META-INF/native/" + platform + "/" + name;
        URL url = LibTorchLoader.class.getClassLoader().getResource(resource);
        if (url == null) {
            throw new InputException("this edgeprune is built for another platform than " + platform
                    + ": the class path holds no " + resource + "; build it with Maven on such a machine");
        }
        try {
            if (url.getProtocol().equals("file")) {
                return Path.of(url.toURI());
            }
            byte[] content;
            try (InputStream in = url.openStream()) {
                content = in.readAllBytes();
            }
            var source = new NativeCache.Source(name, content.length, () -> new ByteArrayInputStream(content));
            return cache.provide("shim/" + NativeCache.keyOf(content), List.of(source))
                    .resolve(name);
        } catch (IOException | URISyntaxException e) {
            throw new IllegalStateException("cannot read " + url, e);
        }
    }

    private String version() {
        MemorySegment config = Shim.ep_libtorch_config();
        if (!config.equals(MemorySegment.NULL)) {
            Matcher version = Pattern.compile("TORCH_VERSION=([^,\\s]+)").matcher(config.getString(0));
            if (version.find()) {
                return version.group(1);
            }
        }
        return files.writtenVersion();
    }

    private void requireRecent() {
        Matcher numbers = Pattern.compile("(\\d+)\\.(\\d+).*").matcher(version == null ? "" : version);
        if (!numbers.matches()) {
            throw new InputException("%s is of an unknown version: edgeprune needs %d.%d or newer"
                    .formatted(name(), OLDEST_MAJOR, OLDEST_MINOR));
        }
        int major = Integer.parseInt(numbers.group(1));
        int minor = Integer.parseInt(numbers.group(2));
        if (major < OLDEST_MAJOR || (major == OLDEST_MAJOR && minor < OLDEST_MINOR)) {
            throw new InputException(
                    "%s is too old: edgeprune needs %d.%d or newer".formatted(name(), OLDEST_MAJOR, OLDEST_MINOR));
        }
    }

    private void requireComplete() {
        List<String> missing = missing();
        if (!missing.isEmpty()) {
            throw new InputException(
                    "%s lacks %d of the %d functions that edgeprune calls (%s%s): use the one that comes with edgeprune, or another version"
                            .formatted(
                                    name(),
                                    missing.size(),
                                    functions(),
                                    String.join(", ", missing.subList(0, Math.min(3, missing.size()))),
                                    missing.size() > 3 ? ", ..." : ""));
        }
    }

    private String name() {
        return "libtorch " + (version == null ? "" : version + " ") + "in " + files.directory();
    }

    // ---- findings ------------------------------------------------------------------------------------------------

    /** Whether the user named a libtorch. */
    boolean isUsersOwn() {
        return chosen != null || variable != null;
    }

    /** Null where none was found. */
    LibTorchFiles files() {
        return files;
    }

    /** Why the CUDA libraries that are there could not be loaded; null where they could or are not there. */
    String cudaFailure() {
        return cudaFailure;
    }

    boolean isShimLoaded() {
        return shimLoaded;
    }

    /** Null where it is unknown. */
    String libtorchVersion() {
        return version;
    }

    boolean isSelfTested() {
        return selfTested;
    }

    /** What gives CPU tensors their memory; null where loading did not get that far. */
    Allocator allocator() {
        return allocator;
    }

    /** Functions of libtorch that the shim calls. */
    int functions() {
        return Shim.ep_audit_total();
    }

    /** Those of them that this libtorch lacks. */
    List<String> missing() {
        return IntStream.range(0, Shim.ep_audit_missing())
                .mapToObj(i -> Shim.ep_audit_missing_name(i).getString(0))
                .toList();
    }

    /** Unpacked files whose content has changed since; empty for a user's own libtorch. */
    List<String> damagedFiles() {
        return isUsersOwn() ? List.of() : LibTorchJars.damaged(cache);
    }
}
