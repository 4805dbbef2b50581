package org.edgeprune.safetensors;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.edgeprune.io.Complaint;
import org.edgeprune.io.InputException;

/** Recognises PyTorch's pickle checkpoints, which can run any code when loaded, so that they are never loaded. */
final class Pickle {
    private static final List<String> EXTENSIONS = List.of(".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt");

    private Pickle() {}

    static boolean isNamedLikeOne(Path file) {
        String name =
                file.getFileName() == null ? "" : file.getFileName().toString().toLowerCase(Locale.ROOT);
        return EXTENSIONS.stream().anyMatch(name::endsWith);
    }

    /** Whether a file that is no safetensors file begins like a zip archive (torch.save) or like a bare pickle. */
    static boolean beginsLikeOne(byte[] start) {
        return start[0] == 'P' && start[1] == 'K' && start[2] == 3 && start[3] == 4
                || start[0] == (byte) 0x80 && start[1] >= 2 && start[1] <= 5;
    }

    static InputException refuse(Path file) {
        return refuse(
                file,
                "python -c \"import torch, safetensors.torch as s; s.save_file({k: v.clone().contiguous() for"
                        + " k, v in torch.load('" + file + "', map_location='cpu', weights_only=True).items()},"
                        + " 'model.safetensors')\"");
    }

    /** For the pickle file of a HuggingFace model directory. */
    static InputException refuseModel(Path file, Path directory) {
        return refuse(
                file,
                "python -c \"from transformers import AutoModelForCausalLM as M; M.from_pretrained('" + directory
                        + "').save_pretrained('" + directory + "', safe_serialization=True)\"");
    }

    private static InputException refuse(Path file, String command) {
        return new Complaint(file)
                .about(
                        "is a pickle checkpoint, which can run code when loaded, so none is ever loaded",
                        "convert it to safetensors: " + command);
    }
}
