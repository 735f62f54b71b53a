"""The common tutorial's VAE, after the PyTorch examples: the loop that `elbocheck train` is measured against."""

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn, optim
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset


def to_tensor(picture: Image.Image) -> Tensor:
    """torchvision's ToTensor, as it treats an 8-bit image of one channel."""
    image = torch.from_numpy(np.array(picture, np.uint8, copy=True))
    image = image.view(picture.size[1], picture.size[0], len(picture.getbands()))
    return image.permute((2, 0, 1)).contiguous().to(dtype=torch.get_default_dtype()).div(255)


class MNIST(Dataset):
    """torchvision's MNIST: bytes in memory, a PIL image and a transform at each access."""

    def __init__(self, images: Tensor, labels: Tensor) -> None:
        self.data, self.targets = images, labels

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        image, target = self.data[index], int(self.targets[index])
        return to_tensor(Image.fromarray(image.numpy())), target

    def __len__(self) -> int:
        return len(self.data)


class VAE(nn.Module):
    """784-400-20."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1 = nn.Linear(784, 400)
        self.fc21 = nn.Linear(400, 20)
        self.fc22 = nn.Linear(400, 20)
        self.fc3 = nn.Linear(20, 400)
        self.fc4 = nn.Linear(400, 784)

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        h1 = F.relu(self.fc1(x))
        return self.fc21(h1), self.fc22(h1)

    def reparameterize(self, mu: Tensor, logvar: Tensor) -> Tensor:
        std = torch.exp(0.5 * logvar)
        eps = torch.randn_like(std)
        return mu + eps * std

    def decode(self, z: Tensor) -> Tensor:
        h3 = F.relu(self.fc3(z))
        return torch.sigmoid(self.fc4(h3))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        mu, logvar = self.encode(x.view(-1, 784))
        z = self.reparameterize(mu, logvar)
        return self.decode(z), mu, logvar


def loss_function(recon_x: Tensor, x: Tensor, mu: Tensor, logvar: Tensor) -> Tensor:
    bce = F.binary_cross_entropy(recon_x, x.view(-1, 784), reduction="sum")
    kld = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    return bce + kld


class Tutorial:
    """Its training loop, a step at a time."""

    def __init__(self, images: Tensor, labels: Tensor, *, batch_size: int, device: str, seed: int) -> None:
        torch.manual_seed(seed)
        cuda = {"num_workers": 1, "pin_memory": True} if device == "cuda" else {}
        self.loader = DataLoader(MNIST(images, labels), batch_size=batch_size, shuffle=True, **cuda)
        self.device = torch.device(device)
        self.model = VAE().to(self.device)
        self.optimizer = optim.Adam(self.model.parameters(), lr=1e-3)
        self.train_loss, self._batches = 0.0, iter(())

    def step(self) -> None:
        """One batch; a new epoch begins where one ends."""
        batch = next(self._batches, None)
        if batch is None:
            self._batches = iter(self.loader)
            batch = next(self._batches)
        data = batch[0].to(self.device)
        self.optimizer.zero_grad()
        recon_batch, mu, logvar = self.model(data)
        loss = loss_function(recon_batch, data, mu, logvar)
        loss.backward()
        self.train_loss += loss.item()
        self.optimizer.step()
