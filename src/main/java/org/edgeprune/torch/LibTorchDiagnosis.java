package org.edgeprune.torch;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.edgeprune.torch.LibTorch.Report;
import org.edgeprune.torch.ffi.Shim;

/** Turns what the loader found into a report: each problem with its remedy. */
final class LibTorchDiagnosis {
    /** What OpenBLAS calls the processors for which it has kernels with AVX-512. */
    private static final Set<String> WITH_AVX512 = Set.of("SkylakeX", "Cooperlake", "SapphireRapids");

    private LibTorchDiagnosis() {}

    /** @param failure why loading failed; null where it did not */
    static Report of(LibTorchLoader loader, RuntimeException failure) {
        boolean working = failure == null;
        LibTorchFiles files = loader.files();
        String config = loader.isShimLoaded() ? config() : "";
        return new Report(
                Runtime.version() + " (" + System.getProperty("java.vm.vendor") + ", " + System.getProperty("java.home")
                        + ")",
                files == null ? null : files.origin(),
                files == null ? null : files.directory(),
                loader.libtorchVersion(),
                config.isEmpty() ? null : blas(config),
                config.isEmpty() ? null : find(config, "CPU capability usage: (.*)"),
                loader.allocator() == null ? null : loader.allocator().toString(),
                working ? LibTorch.threads() : 0,
                working ? devices() : List.of(),
                loader.isShimLoaded() ? loader.functions() : 0,
                loader.isShimLoaded() ? loader.missing() : List.of(),
                loader.isSelfTested(),
                problems(loader, failure, config));
    }

    private static List<Report.Problem> problems(LibTorchLoader loader, RuntimeException failure, String config) {
        List<Report.Problem> problems = new ArrayList<>();
        if (failure != null) {
            problems.add(new Report.Problem(String.valueOf(failure.getMessage()), remedy(loader), true));
            return problems;
        }
        List<String> damaged = loader.damagedFiles();
        if (!damaged.isEmpty()) {
            problems.add(new Report.Problem(
                    "unpacked files have changed: " + String.join(", ", damaged),
                    "delete " + loader.files().directory() + "; the next start unpacks it again",
                    true));
        }
        if (loader.cudaFailure() != null) {
            problems.add(new Report.Problem(
                    "no CUDA: " + loader.cudaFailure(),
                    "install the NVIDIA driver and the CUDA libraries of this libtorch; the CPU can be used without",
                    false));
        }
        if (loader.allocator() == Allocator.LIBTORCH && Platform.current().isLinux()) {
            problems.add(new Report.Problem(
                    "this libtorch takes no allocator from edgeprune: large tensors cost more time",
                    "use the libtorch that comes with edgeprune",
                    false));
        }
        if (Platform.current() == Platform.LINUX_X86_64 && !config.contains("CPU capability usage: AVX")) {
            problems.add(new Report.Problem(
                    "libtorch uses no AVX instructions and will be slow",
                    "run on a processor with AVX2; unset ATEN_CPU_CAPABILITY",
                    false));
        }
        String core = openBlasCore();
        if (config.contains("CPU capability usage: AVX512") && !core.isEmpty() && !WITH_AVX512.contains(core)) {
            problems.add(new Report.Problem(
                    "OpenBLAS computes for " + core + ", without the processor's AVX-512",
                    System.getenv("OPENBLAS_CORETYPE") == null
                            ? "compare steps (edgeprune bench) with OPENBLAS_CORETYPE=SkylakeX"
                            : "compare steps (edgeprune bench) without OPENBLAS_CORETYPE",
                    false));
        }
        String policy = System.getenv("OMP_WAIT_POLICY");
        if (policy != null && !policy.equalsIgnoreCase("passive")) {
            problems.add(new Report.Problem(
                    "OMP_WAIT_POLICY=" + policy + ": idle threads spin",
                    "unset OMP_WAIT_POLICY unless every core is free for edgeprune",
                    false));
        }
        return problems;
    }

    /** What may help beyond what the message of a failed load says itself. */
    private static String remedy(LibTorchLoader loader) {
        if (loader.isUsersOwn()) {
            return "without --libtorch and EDGEPRUNE_LIBTORCH, edgeprune uses the libtorch that Maven fetched for it";
        }
        return loader.files() == null
                ? "do as the message says, then try again"
                : "delete " + loader.files().directory() + ", into which libtorch was unpacked, and try again";
    }

    private static List<String> devices() {
        List<String> devices = new ArrayList<>(List.of(Device.CPU.toString()));
        for (int i = 0; i < LibTorch.cudaDevices(); i++) {
            devices.add(Device.cuda(i).toString());
        }
        return devices;
    }

    private static String blas(String config) {
        String name = find(config, "BLAS_INFO=([^,\\s]+)");
        return switch (name == null ? "" : name) {
            case "open" -> "OpenBLAS" + (openBlasCore().isEmpty() ? "" : ", " + openBlasCore() + " kernels");
            case "mkl" -> "MKL " + find(config, "Math Kernel Library Version (\\S+)");
            case "" -> "unknown";
            default -> name;
        };
    }

    /** The processor that OpenBLAS computes for, such as {@code SkylakeX}; empty where the BLAS is another. */
    private static String openBlasCore() {
        return Shim.ep_openblas_core().reinterpret(Long.MAX_VALUE).getString(0);
    }

    private static String config() {
        return Shim.ep_libtorch_config().reinterpret(Long.MAX_VALUE).getString(0);
    }

    private static String find(String text, String pattern) {
        Matcher matcher = Pattern.compile(pattern).matcher(text);
        return matcher.find() ? matcher.group(1).strip() : null;
    }
}
